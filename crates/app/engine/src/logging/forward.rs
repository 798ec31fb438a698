//! Brings one container's records to its receiver.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use container::state::Phase;
use fault::{Result, Step as _};
use logdriver::{Entry, ReadOptions, Reader, Step, Stream};
use logsink::{Failure, Message, Patience, Sink};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use super::cursor::Cursor;
use super::ring::Ring;
use crate::clock;
use crate::container::{View, blocking};
use crate::inner::Inner;

/// How many records are read at once.
const READ: usize = 256;
/// How long to wait between looks where the kernel cannot wake us.
const LOOK: Duration = Duration::from_millis(100);
/// The longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a forwarder has to do.
pub(super) struct Job {
    pub(super) engine: Arc<Inner>,
    pub(super) id: String,
    pub(super) log: PathBuf,
    pub(super) cursor: PathBuf,
    pub(super) patience: Patience,
    pub(super) buffer: usize,
    pub(super) drops: bool,
    pub(super) sink: Sink,
}

/// Up to when a log grows.
pub(super) struct Until {
    views: Option<watch::Receiver<Arc<View>>>,
    ends: u64,
}

impl Until {
    /// Until so many runs have ended. Without a view nothing runs.
    pub(super) fn new(views: Option<watch::Receiver<Arc<View>>>, ends: u64) -> Self {
        Self { views, ends }
    }

    /// Whether it has come.
    pub(super) fn is_over(&self) -> bool {
        self.views.as_ref().is_none_or(|views| {
            let view = views.borrow();
            view.gone || view.ends >= self.ends || view.stored.state().phase == Phase::Removing
        })
    }

    /// Returns when something has changed, perhaps the end.
    async fn changed(&mut self) {
        let changed = match &mut self.views {
            Some(views) => views.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            // An owner that is gone changes nothing any more; its last view was the end.
            std::future::pending::<()>().await;
        }
    }
}

/// Forwards until the log is at its end. Fails where the log cannot be read.
pub(super) async fn run(job: &mut Job, until: Until) -> Result<()> {
    let cursor = Cursor::load(&job.cursor);
    let ring = Ring::new(job.buffer, job.drops);
    let (log, after) = (job.log.clone(), cursor.number);
    let read = async {
        let outcome = read(log, after, &ring, until).await;
        ring.close();
        outcome
    };
    let (outcome, ()) = tokio::join!(read, send(job, cursor, &ring));
    outcome
}

async fn read(log: PathBuf, after: u64, ring: &Ring, mut until: Until) -> Result<()> {
    let options = ReadOptions { after: Some(after), follow: true, ..ReadOptions::all() };
    let mut reader = blocking(move || Reader::open(&log, options).step("open it")).await?;
    let wake = wake(&reader);
    loop {
        // Known before the look: what was written before the end is read in any case.
        if until.is_over() {
            reader.finish();
        }
        let (used, entries, state) = blocking(move || read_some(reader)).await?;
        reader = used;
        for entry in entries {
            ring.push(entry).await;
        }
        match state {
            Read::End => return Ok(()),
            Read::More => {}
            Read::Idle => {
                tokio::select! {
                    () = woken(wake.as_ref()) => {}
                    () = until.changed() => {}
                }
            }
        }
    }
}

enum Read {
    More,
    Idle,
    End,
}

fn read_some(mut reader: Reader) -> Result<(Reader, Vec<Entry>, Read)> {
    let mut entries = Vec::new();
    while entries.len() < READ {
        match reader.step().step("read it")? {
            Step::Entry(entry) => entries.push(entry),
            // What is missing is seen by the numbers.
            Step::Skipped { .. } => {}
            Step::Idle => return Ok((reader, entries, Read::Idle)),
            Step::End => return Ok((reader, entries, Read::End)),
        }
    }
    Ok((reader, entries, Read::More))
}

#[expect(deprecated, reason = "its successor is unsafe; an owned descriptor meets its condition")]
fn wake(reader: &Reader) -> Option<AsyncFd<OwnedFd>> {
    let fd = reader.wake()?.try_clone_to_owned().ok()?;
    AsyncFd::new(fd).ok()
}

async fn woken(wake: Option<&AsyncFd<OwnedFd>>) {
    match wake {
        Some(wake) => {
            if let Ok(mut ready) = wake.readable().await {
                ready.clear_ready();
            }
        }
        None => tokio::time::sleep(LOOK).await,
    }
}

async fn send(job: &mut Job, mut cursor: Cursor, ring: &Ring) {
    loop {
        let entries = ring.take().await;
        if entries.is_empty() {
            break;
        }
        let mut messages = Vec::with_capacity(entries.len());
        for entry in entries {
            let number = entry.number.unwrap_or_default();
            let missing = number.saturating_sub(cursor.number + 1);
            if missing > 0 {
                messages.push(report(job, &mut cursor, missing, number - 1));
            }
            cursor.number = cursor.number.max(number);
            messages.push(cursor.assembler.message(&job.id, entry));
        }
        deliver(job, &mut cursor, &messages).await;
        keep(job, &cursor);
    }
    let missing = ring.last().saturating_sub(cursor.number);
    if missing > 0 {
        let message = report(job, &mut cursor, missing, ring.last());
        cursor.number = ring.last();
        deliver(job, &mut cursor, &[message]).await;
        keep(job, &cursor);
    }
}

fn keep(job: &Job, cursor: &Cursor) {
    match cursor.save(&job.cursor) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(container = job.id, %error, "how far its log was forwarded is not written down");
        }
        _ => {}
    }
}

/// Tells of records that are lost, here and where the others go.
fn report(job: &Job, cursor: &mut Cursor, missing: u64, number: u64) -> Message {
    lose(job, cursor, missing, "they were gone from its log, or found no room, before the receiver took them");
    let line = format!("gantry: {missing} log lines are missing here: they could not be forwarded in time");
    Message { time: clock::now(), stream: Stream::Stderr, line: line.into_bytes(), partial: None, number }
}

fn lose(job: &Job, cursor: &mut Cursor, count: u64, why: &str) {
    cursor.lost += count;
    tracing::warn!(container = job.id, lost = count, lost_in_all = cursor.lost, "log records are lost: {why}");
    let attributes = job.engine.containers.find(&job.id).map(|handle| handle.view().stored.attributes());
    let mut attributes = attributes.unwrap_or_default();
    attributes.insert("lost".into(), count.to_string());
    attributes.insert("lostInAll".into(), cursor.lost.to_string());
    job.engine.events.emit("container", "log-lost", &job.id, attributes);
}

/// Sends until all messages are taken, or given up.
async fn deliver(job: &mut Job, cursor: &mut Cursor, messages: &[Message]) {
    let (mut at, mut tries) = (0, 0);
    while at < messages.len() {
        let Failure { sent, hopeless, why } = match job.sink.send(&messages[at..]).await {
            Ok(()) => break,
            Err(failure) => failure,
        };
        at += sent;
        tries = if sent > 0 { 1 } else { tries + 1 };
        let given_up = if hopeless > 0 {
            hopeless.min(messages.len() - at)
        } else if job.patience.limit.is_some_and(|limit| tries > limit) {
            messages.len() - at
        } else {
            0
        };
        if given_up > 0 {
            lose(job, cursor, given_up as u64, &why);
            at += given_up;
            continue;
        }
        if tries == 1 {
            tracing::warn!(container = job.id, why, "the receiver of its log does not take it; it waits");
        }
        tokio::time::sleep(pause(job.patience.first, tries)).await;
    }
    if tries > 0 {
        tracing::info!(container = job.id, tries, "the receiver of its log is done with what waited");
    }
}

/// Each pause is twice the one before, up to a bound.
fn pause(first: Duration, tries: u32) -> Duration {
    first.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST_PAUSE.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound() {
        let first = Duration::from_millis(200);
        let pauses: Vec<_> = (1..=8).map(|tries| pause(first, tries).as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(pause(Duration::from_secs(60), 5), Duration::from_secs(60));
        assert_eq!(pause(Duration::ZERO, 3), Duration::ZERO);
    }
}
