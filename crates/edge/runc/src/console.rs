//! Terminals: handed to whoever serves the console socket.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::error::{Error, Step as _};

/// Connects to the console socket, before anything is made: one that nobody serves is found out at once.
pub fn connect(path: &str) -> Result<UnixStream, Error> {
    UnixStream::connect(path).step(format_args!("connect to console socket `{path}`"))
}

/// Sends the other end of a terminal, with a name as runc does.
pub fn send(socket: &UnixStream, master: &OwnedFd) -> Result<(), Error> {
    let fds = [master.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&fds));
    let sent = sendmsg(socket, &[IoSlice::new(b"/dev/ptmx")], &mut control, SendFlags::NOSIGNAL);
    sent.map(drop).step("send the terminal to the console socket")
}

/// Refuses a choice of terminal, socket and staying that cannot work, in runc's words.
pub fn check(terminal: bool, detach: bool, socket: Option<&str>) -> Result<(), Error> {
    match (terminal, detach, socket) {
        (true, true, None) => Err(Error::new("cannot allocate tty if runc will detach without setting console socket")),
        (true, false, Some(_)) | (false, _, Some(_)) => {
            Err(Error::new("cannot use console socket if runc will not detach or allocate tty"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_choices_are_taken() {
        assert!(
            check(true, true, Some("/s")).is_ok()
                && check(true, false, None).is_ok()
                && check(false, true, None).is_ok()
        );
        assert!(
            check(true, true, None).is_err()
                && check(true, false, Some("/s")).is_err()
                && check(false, true, Some("/s")).is_err()
        );
        assert!(connect("/no/such").unwrap_err().to_string().starts_with("connect to console socket `/no/such`"));
    }
}
