//! Signal dispositions and masks.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// The kernel's `_NSIG`: signals are 1 to 64.
const LAST: libc::c_int = 64;

/// Gives every signal its default disposition. Those ignored by the caller (Rust programs ignore SIGPIPE) would stay
/// ignored over execve(2).
///
/// Past libc, which denies access to the two signals that it uses itself, and leaves them ignored in what it spawns.
pub fn reset_dispositions() {
    let default = KernelAction::default();
    for signal in 1..=LAST {
        // SAFETY: `default` is a kernel sigaction with SIG_DFL, no flags and an empty mask of 8 bytes, only read; the
        // old one is not asked for. For SIGKILL and SIGSTOP the kernel answers EINVAL, which changes nothing.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const default, ptr::null::<()>(), 8) };
    }
}

/// `struct sigaction` as the kernel knows it: handler, flags, restorer, mask. All zero is the default disposition.
#[repr(C)]
#[derive(Default)]
struct KernelAction([u64; 4]);

/// Sends any signal, real-time ones included, to the process of a pidfd: pidfd_send_signal(2).
///
/// # Errors
/// `ESRCH` for a process that has ended and was reaped, `EINVAL` for a number that is no signal.
pub fn send(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    // SAFETY: the null pointer stands for the information of kill(2); nothing is read or written.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, ptr::null::<()>(), 0) };
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
