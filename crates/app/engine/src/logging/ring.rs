//! Records between the log file and the receiver: bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use logdriver::Entry;
use tokio::sync::Notify;

/// How many records are sent at once at most.
const BATCH: usize = 256;
/// What a record takes in memory beside its text, roughly, in bytes.
const OVERHEAD: usize = 64;

/// The way from one reader to one sender.
#[derive(Debug)]
pub(super) struct Ring {
    capacity: usize,
    /// Whether what finds no room is dropped. Else the reader waits, and the log file keeps it.
    drops: bool,
    state: Mutex<State>,
    filled: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The number of the last record that was read.
    last: u64,
    closed: bool,
}

impl Ring {
    pub(super) fn new(capacity: usize, drops: bool) -> Self {
        Self { capacity, drops, state: Mutex::default(), filled: Notify::new(), emptied: Notify::new() }
    }

    /// Puts a record in, waits for room first, or drops it. One has room in an empty ring whatever its size is.
    pub(super) async fn push(&self, entry: Entry) {
        let size = entry.line.len() + OVERHEAD;
        loop {
            let emptied = self.emptied.notified();
            {
                let mut state = self.state();
                let full = !state.entries.is_empty() && state.bytes + size > self.capacity;
                if !full || self.drops {
                    state.last = state.last.max(entry.number.unwrap_or_default());
                    if !full {
                        state.bytes += size;
                        state.entries.push_back(entry);
                    }
                    self.filled.notify_one();
                    return;
                }
            }
            emptied.await;
        }
    }

    /// Takes the next records; none when the ring is closed and empty.
    pub(super) async fn take(&self) -> Vec<Entry> {
        loop {
            {
                let mut state = self.state();
                if !state.entries.is_empty() || state.closed {
                    let count = state.entries.len().min(BATCH);
                    let batch: Vec<_> = state.entries.drain(..count).collect();
                    state.bytes -= batch.iter().map(|entry| entry.line.len() + OVERHEAD).sum::<usize>();
                    self.emptied.notify_one();
                    return batch;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Says that nothing more comes.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    /// The number of the last record that was put in or dropped.
    pub(super) fn last(&self) -> u64 {
        self.state().last
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logdriver::Stream;

    fn entry(number: u64) -> Entry {
        let line = vec![b'x'; 100 - OVERHEAD];
        Entry { time: 0, stream: Stream::Stdout, number: Some(number), line, attrs: Default::default() }
    }

    fn numbers(entries: &[Entry]) -> Vec<u64> {
        entries.iter().filter_map(|entry| entry.number).collect()
    }

    #[tokio::test]
    async fn what_finds_no_room_is_dropped_and_known() {
        let ring = Ring::new(350, true);
        for number in 1..=5 {
            ring.push(entry(number)).await;
        }
        assert_eq!((numbers(&ring.take().await), ring.last()), (vec![1, 2, 3], 5));
        ring.push(entry(6)).await;
        ring.close();
        assert_eq!(numbers(&ring.take().await), [6]);
        assert!(ring.take().await.is_empty());
        let tiny = Ring::new(0, true);
        tiny.push(entry(1)).await;
        assert_eq!(numbers(&tiny.take().await), [1]);
    }

    #[tokio::test]
    async fn or_it_waits_and_nothing_is_lost() {
        let ring = Ring::new(350, false);
        let push = async {
            for number in 1..=1000 {
                ring.push(entry(number)).await;
            }
            ring.close();
        };
        let take = async {
            let mut seen = Vec::new();
            loop {
                let batch = ring.take().await;
                assert!(batch.len() <= 3);
                if batch.is_empty() {
                    return seen;
                }
                seen.extend(numbers(&batch));
                tokio::task::yield_now().await;
            }
        };
        let ((), seen) = tokio::join!(push, take);
        assert_eq!(seen, Vec::from_iter(1..=1000));
    }
}
