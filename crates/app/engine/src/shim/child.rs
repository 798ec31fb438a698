//! A shim as a child of the daemon: reaped when it ends, never waited for by pid.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{WaitId, WaitIdOptions, waitid};
use tokio::io::unix::AsyncFd;

/// A shim that this daemon started.
#[derive(Debug)]
pub struct ShimChild {
    pidfd: AsyncFd<OwnedFd>,
}

impl ShimChild {
    /// Takes charge of the child behind `pidfd`. Must be called within the async runtime.
    #[expect(deprecated, reason = "its successor is unsafe; an owned descriptor meets its condition")]
    pub fn new(pidfd: OwnedFd) -> io::Result<Self> {
        Ok(Self { pidfd: AsyncFd::new(pidfd)? })
    }

    /// Waits until it has ended and reaps it. A pidfd is readable when its process has ended (pidfd_open(2)).
    pub async fn reap(self) {
        if self.pidfd.readable().await.is_ok() {
            let _ = waitid(WaitId::PidFd(rustix::fd::AsFd::as_fd(self.pidfd.get_ref())), WaitIdOptions::EXITED);
        }
    }
}
