//! Signals as events: signalfd(2), and signals that are none.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// Numbers of signals, for code that has to name some.
pub mod number {
    macro_rules! numbers {
        ($($name:ident = $libc:ident),* $(,)?) => { $(#[doc = concat!("signal(7): ", stringify!($libc))] pub const $name: i32 = libc::$libc;)* };
    }
    numbers! {
        HUP = SIGHUP, INT = SIGINT, QUIT = SIGQUIT, ILL = SIGILL, TRAP = SIGTRAP, ABRT = SIGABRT, BUS = SIGBUS,
        FPE = SIGFPE, KILL = SIGKILL, SEGV = SIGSEGV, PIPE = SIGPIPE, ALRM = SIGALRM, TERM = SIGTERM, CHLD = SIGCHLD,
        STOP = SIGSTOP, TTIN = SIGTTIN, TTOU = SIGTTOU, WINCH = SIGWINCH, SYS = SIGSYS,
    }
}

/// Blocked signals, read one after another.
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

/// sizeof(struct signalfd_siginfo), fixed by the kernel's interface.
const RECORD: usize = 128;

impl SignalFd {
    /// Blocks `signals` for the calling thread (and threads and children that it makes later, see sigprocmask(2)), and
    /// returns where they can be read. The descriptor does not block and is close-on-exec.
    pub fn new(signals: impl IntoIterator<Item = i32>) -> io::Result<Self> {
        let set = set_of(signals)?;
        // SAFETY: `set` is initialised; a null pointer for the old mask is allowed.
        let error = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) };
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        // SAFETY: `set` is initialised; -1 asks for a new descriptor.
        let fd = unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given us this descriptor.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next pending signal's number, or `None`.
    pub fn next(&self) -> io::Result<Option<i32>> {
        let mut record = [0; RECORD];
        match rustix::io::read(&self.0, &mut record) {
            Ok(RECORD) => Ok(Some(i32::from_ne_bytes([record[0], record[1], record[2], record[3]]))),
            Ok(_) => Ok(None),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Ignores `signals` in this process, and in programs that it executes unless they are reset.
pub fn ignore(signals: impl IntoIterator<Item = i32>) -> io::Result<()> {
    for signal in signals {
        // SAFETY: SIG_IGN runs no code of ours.
        if unsafe { libc::signal(signal, libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn set_of(signals: impl IntoIterator<Item = i32>) -> io::Result<libc::sigset_t> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set.
    let mut set: libc::sigset_t = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    };
    for signal in signals {
        // SAFETY: `set` is initialised; numbers out of range give EINVAL.
        if unsafe { libc::sigaddset(&mut set, signal) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_signal_is_read_and_bad_numbers_are_refused() {
        let signals = SignalFd::new([libc::SIGUSR2]).unwrap();
        assert_eq!(signals.next().unwrap(), None);
        // SAFETY: raise sends to the calling thread, where the signal is blocked.
        unsafe { libc::raise(libc::SIGUSR2) };
        assert_eq!(signals.next().unwrap(), Some(libc::SIGUSR2));
        assert!(SignalFd::new([4711]).is_err());
    }
}
