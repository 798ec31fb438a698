//! Signal dispositions and masks.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// The kernel's `_NSIG`: signals are 1 to 64.
const LAST: libc::c_int = 64;

/// Gives every signal its default disposition. Those ignored by the caller (Rust programs ignore SIGPIPE) would stay
/// ignored over execve(2).
pub fn reset_dispositions() {
    for signal in (1..=LAST).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)) {
        // SAFETY: SIG_DFL is a valid disposition for every signal; the two that cannot change are left out, and those
        // that libc keeps for itself answer EINVAL.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Sends any signal, real-time ones included, to the process of a pidfd: pidfd_send_signal(2).
///
/// # Errors
/// `ESRCH` for a process that has ended and was reaped, `EINVAL` for a number that is no signal.
pub fn send(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    // SAFETY: the null pointer stands for the information of kill(2); nothing is read or written.
    let result =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, ptr::null::<()>(), 0) };
    super::check(result).map(drop)
}

/// Blocks no signal.
pub fn unblock_all() -> io::Result<()> {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset(3) initialises the set, which outlives both calls; the old mask is not asked for.
    let result = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut())
    };
    super::check(result.into()).map(drop)
}
