//! Descriptors that a parent process has left open for this one, by number.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;

/// The numbers already taken.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Takes over the inherited descriptor `number`, and marks it close-on-exec.
///
/// For use at the start of a program, before it opens anything itself: a number that this program got from its own
/// `open` belongs to somebody else. Numbers 0–2 belong to the standard library and are refused, as is a number that
/// was taken before, and one that is not open.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if number < 3 || taken.contains(&number) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: F_SETFD touches no memory; a number that is not open gives EBADF.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    taken.push(number);
    // SAFETY: the number is open (just seen), was inherited, as the contract above demands, so that no other owner
    // exists in this process, and cannot be taken twice.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_numbers_are_given_and_each_once() {
        assert!(take(-1).is_err());
        assert!(take(1).is_err());
        assert!(take(1 << 20).is_err());
        let (ours, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let number = std::os::fd::IntoRawFd::into_raw_fd(ours);
        let fd = take(number).unwrap();
        assert!(take(number).is_err());
        drop(fd);
    }
}
