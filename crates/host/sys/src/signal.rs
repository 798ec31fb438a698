//! Signal dispositions and masks.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
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

/// Has the command's program start with no signal blocked: it would inherit its parent's mask (sigprocmask(2)).
pub fn unblock_in(command: &mut Command) -> &mut Command {
    // SAFETY: `unblock_all` calls nothing but two async-signal-safe functions on its own stack, which is what a child
    // may do between fork(2) and execve(2).
    unsafe { command.pre_exec(unblock_all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signalfd::{SignalFd, number};

    #[test]
    fn a_command_starts_with_nothing_blocked() {
        let ours = SignalFd::new([number::TERM]).unwrap();
        let mut command = Command::new("grep");
        let output = unblock_in(command.args(["SigBlk", "/proc/self/status"])).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("SigBlk:\t{}\n", "0".repeat(16)));
        drop(ours);
    }
}
