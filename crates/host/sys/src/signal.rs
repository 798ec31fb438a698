//! Signal dispositions and masks.

use std::io;
use std::mem::MaybeUninit;
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
