//! A process that does nothing but be somewhere.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use sys::clone::{Fork, fork};

/// A child that does nothing. It ends when this is dropped, and when this process ends however.
#[derive(Debug)]
pub(crate) struct Placeholder {
    pid: i32,
    pidfd: OwnedFd,
    _lifeline: OwnedFd,
}

impl Placeholder {
    /// Forks it. The caller must have one thread.
    pub fn fork() -> io::Result<Self> {
        let (end, lifeline) = pipe_with(PipeFlags::CLOEXEC)?;
        match fork(0, None)? {
            Fork::Child(me) => {
                let _ = me.close_all_but(&mut [end.as_raw_fd()]);
                // Nobody writes: it returns when the other end is closed.
                let _ = rustix::io::retry_on_intr(|| rustix::io::read(&end, &mut [0; 1]));
                me.exit(0)
            }
            Fork::Parent { pid, pidfd } => Ok(Self { pid, pidfd, _lifeline: lifeline }),
        }
    }

    /// Its id.
    pub fn pid(&self) -> i32 {
        self.pid
    }
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = waitid(WaitId::PidFd(std::os::fd::AsFd::as_fd(&self.pidfd)), WaitIdOptions::EXITED);
    }
}
