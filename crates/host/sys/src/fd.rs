//! Many descriptors at once.

use std::io;
use std::os::fd::RawFd;

/// Marks every descriptor from `first` on close-on-exec: close_range(2), Linux 5.11.
pub fn close_on_exec_from(first: RawFd) -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: three integers; with CLOSE_RANGE_CLOEXEC nothing is closed, so ownership of descriptors is untouched.
    super::check(unsafe { libc::syscall(libc::SYS_close_range, first, RawFd::MAX, flags) }).map(drop)
}
