//! Sockets handed over by the service manager: sd_listen_fds(3).
//!
//! The variables `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` say that the descriptors from 3 on are open sockets
//! for the process with that id.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// The first descriptor: `SD_LISTEN_FDS_START`.
const FIRST: RawFd = 3;

/// More are not believed.
const MOST: RawFd = 1024;

/// A descriptor that was handed over.
#[derive(Debug)]
pub struct Handed {
    /// Its number, as units name it.
    pub number: RawFd,
    /// Its name, `FileDescriptorName=` of the unit; empty without one.
    pub name: String,
    /// The socket, close-on-exec.
    pub fd: OwnedFd,
}

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes all descriptors that were handed to this process; nothing the second time.
///
/// # Errors
/// One of them is not open: the variables lie.
pub fn take() -> io::Result<Vec<Handed>> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (pid, count) = (variable("LISTEN_PID"), variable("LISTEN_FDS"));
    if pid != std::process::id().to_string() || TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(Vec::new());
    }
    let count = count.parse::<RawFd>().unwrap_or(0).clamp(0, MOST);
    let names = variable("LISTEN_FDNAMES");
    let mut names = names.split(':');
    (FIRST..FIRST + count).map(|number| handed(number, names.next().unwrap_or_default())).collect()
}

fn handed(number: RawFd, name: &str) -> io::Result<Handed> {
    // SAFETY: fcntl(2) with F_SETFD takes no pointer; a number that is not open answers EBADF.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open (fcntl above). Nothing else in this process owns it: the service manager opened
    // it for us before the process began (LISTEN_PID is ours), descriptors are handed out here only once (TAKEN), and
    // the callers do this at start, before they open anything whose number could be among these.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    Ok(Handed { number, name: name.to_owned(), fd })
}
