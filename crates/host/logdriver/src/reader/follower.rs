//! Reading for threads that may wait.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::{Reader, Step};

/// How long to wait between looks where the kernel cannot wake us, in nanoseconds.
const PAUSE: i64 = 100_000_000;

/// An iterator over a log that waits for what is not yet written. It never yields [`Step::Idle`] or [`Step::End`].
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    finish: Arc<OwnedFd>,
}

/// Ends a [`Follower`] from another thread.
#[derive(Clone, Debug)]
pub struct Finish(Arc<OwnedFd>);

impl Finish {
    /// Says that nothing will be written any more: the follower reads to the end and stops.
    pub fn finish(&self) {
        // A full counter, the only failure, means that it was said before.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

impl Follower {
    /// Reads on with `reader`, until the other half says that the log is finished.
    pub fn new(reader: Reader) -> io::Result<(Self, Finish)> {
        let finish = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        Ok((Self { reader, finish: Arc::clone(&finish) }, Finish(finish)))
    }

    fn wait(&mut self) -> io::Result<()> {
        let mut fds = vec![PollFd::new(&*self.finish, PollFlags::IN)];
        let wake = self.reader.wake();
        fds.extend(wake.iter().map(|wake| PollFd::from_borrowed_fd(wake.as_fd(), PollFlags::IN)));
        let pause = Timespec { tv_sec: 0, tv_nsec: PAUSE };
        match poll(&mut fds, if wake.is_none() { Some(&pause) } else { None }) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !fds[0].revents().is_empty() {
            drop(fds);
            self.reader.finish();
        }
        Ok(())
    }
}

impl Iterator for Follower {
    type Item = io::Result<Step>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.reader.step() {
                Ok(Step::End) => return None,
                Ok(Step::Idle) => {
                    if let Err(error) = self.wait() {
                        return Some(Err(error));
                    }
                }
                other => return Some(other),
            }
        }
    }
}
