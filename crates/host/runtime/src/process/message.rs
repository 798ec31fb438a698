//! What the processes of a start say to one another, over one socket pair.
//!
//! ```text
//! parent                              stage (only to join)                       init, PID 1
//!   │ clone3 ─────────────────────────►│                                              │
//!   │ ── Go ──────────────────────────►│ joins cgroups and namespaces                 │
//!   │                                  │ clone3, as the parent's child ──────────────►│
//!   │ ◄────────── Process {pid, pidfd} │ ends                                         │
//!   │ maps ids                                                                        │
//!   │ ── Go ─────────────────────────────────────────────────────────────────────────►│ sets up
//!   │ ◄────────────────────────────────────────────────────── Console {pty master} ── │ (terminal only)
//!   │ ◄──────────────────────────────────────────────────────────────────── Mounted ── │ (hooks only)
//!   │ runs prestart and createRuntime hooks                                            │
//!   │ ── Go ─────────────────────────────────────────────────────────────────────────►│ changes its root
//!   │ ◄──────────────────────────────────────────────────────────────────── Ready ── │ at the gate
//!   ┆ Created is returned
//!   │ ── Go ─────────────────────────────────────────────────────────────────────────►│ loads the filter
//!   │ ◄───────────────────────────────────────────────────────────── Listener {fd} ── │ (profiles that notify only)
//!   │ hands the descriptor to the listener                                             │
//!   │ ── Go ─────────────────────────────────────────────────────────────────────────►│ execve
//!   │ ◄──────────────────────────────────────── end of stream: the program runs ───── │
//! ```
//!
//! The last `Go` may come from another process than the maker: see `gate.rs`. Without a stage PID 1 is cloned directly and gets the first `Go`. In an exec there is no gate: the entering process
//! executes at once. At any point a child may say `Failed` and end; a stream that ends before `Ready` means it died.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::error::Step;
use crate::{Error, ErrorKind};

/// How long the parent waits for a child's next word.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Longest message in bytes; a longer error is cut.
const MAX: usize = 16 << 10;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Go on.
    Go,
    /// Here is the container's process; its pidfd comes along.
    Process {
        /// In the host's PID namespace.
        pid: i32,
    },
    /// All is mounted; the hooks of the runtime's side may run.
    Mounted,
    /// Here is the master of the terminal.
    Console,
    /// The filter is loaded, and its listener is this descriptor of the container's process, which waits for `Go`.
    Listener {
        /// Its number there.
        fd: i32,
    },
    /// Set up; waiting for `Go`.
    Ready,
    /// Did not work out.
    Failed(Error),
}

impl Message {
    fn encode(&self) -> Vec<u8> {
        match self {
            Message::Go => vec![b'g'],
            Message::Console => vec![b'c'],
            Message::Mounted => vec![b'm'],
            Message::Ready => vec![b'r'],
            Message::Listener { fd } => [&b"l"[..], &fd.to_le_bytes()].concat(),
            Message::Process { pid } => [&b"p"[..], &pid.to_le_bytes()].concat(),
            Message::Failed(error) => {
                let kind = match error.kind() {
                    ErrorKind::NotFound => b'1',
                    ErrorKind::NotExecutable => b'2',
                    ErrorKind::Invalid => b'3',
                    ErrorKind::System => b'4',
                };
                let mut bytes = [&[b'f', kind], error.message().as_bytes()].concat();
                bytes.truncate(MAX);
                bytes
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            b"g" => Message::Go,
            b"c" => Message::Console,
            b"m" => Message::Mounted,
            b"r" => Message::Ready,
            [b'l', fd @ ..] => Message::Listener { fd: i32::from_le_bytes(fd.try_into().ok()?) },
            [b'p', pid @ ..] => Message::Process { pid: i32::from_le_bytes(pid.try_into().ok()?) },
            [b'f', kind, text @ ..] => {
                let kind = match kind {
                    b'1' => ErrorKind::NotFound,
                    b'2' => ErrorKind::NotExecutable,
                    b'3' => ErrorKind::Invalid,
                    _ => ErrorKind::System,
                };
                Message::Failed(Error::new(kind, String::from_utf8_lossy(text)))
            }
            _ => return None,
        })
    }
}

/// One end of the conversation. Closes on exec, which tells the other end that the program runs.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

impl Channel {
    /// Both ends. Neither is one of the three standard streams, which a child gives other meanings.
    pub fn pair() -> Result<(Self, Self), Error> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .step("make socket pair")?;
        Ok((Self(above_standard(ours)?), Self(above_standard(theirs)?)))
    }

    /// One end that came from elsewhere.
    pub fn over(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Sends a message. Write(2) and not sendmsg(2), as the filter of the container may be in force already.
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        rustix::io::write(&self.0, &message.encode()).map(drop).step("send to other process")
    }

    /// Sends a message with a descriptor.
    pub fn send_with(&self, message: &Message, fd: BorrowedFd<'_>) -> Result<(), Error> {
        let fds = [fd];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&fds));
        let bytes = message.encode();
        sendmsg(&self.0, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)
            .map(drop)
            .step("send descriptor to other process")
    }

    /// As [`Channel::receive`], but gives up after [`PATIENCE`]: a child can be stuck on a dead network file system, and
    /// the caller has other containers' or clients' business to do.
    pub fn receive_soon(&self) -> Result<Option<(Message, Option<OwnedFd>)>, Error> {
        self.receive_within(PATIENCE)
    }

    /// As [`Channel::receive`], but gives up after a time.
    pub fn receive_within(&self, time: Duration) -> Result<Option<(Message, Option<OwnedFd>)>, Error> {
        if wait_readable(self.as_fd(), time) {
            return self.receive();
        }
        Err(Error::system(format!("no answer from the container's process within {} s", time.as_secs())))
    }

    /// Waits for a message and the descriptor that came with it; `None` at the end of the stream.
    pub fn receive(&self) -> Result<Option<(Message, Option<OwnedFd>)>, Error> {
        let mut bytes = vec![0; MAX];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            match recvmsg(&self.0, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                // A child that dies with unread messages resets the stream.
                Err(Errno::CONNRESET) => return Ok(None),
                result => break result.step("receive from other process")?,
            }
        };
        let fd = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        if received.bytes == 0 {
            return Ok(None);
        }
        let message = Message::decode(&bytes[..received.bytes]);
        message.map(|message| Some((message, fd))).ok_or_else(|| Error::system("receive from other process: garbage"))
    }

    /// Waits for `Go` by read(2), the one call that a filter which is in force has to let through besides write(2).
    ///
    /// # Errors
    /// As of [`Channel::wait_for_go`].
    pub fn wait_for_go_under_filter(&self) -> Result<(), Error> {
        let mut byte = [0; 1];
        match rustix::io::read(&self.0, &mut byte).step("receive from other process")? {
            1 if Message::decode(&byte) == Some(Message::Go) => Ok(()),
            _ => Err(Error::system("the parent has gone")),
        }
    }

    /// Waits for `Go`.
    ///
    /// # Errors
    /// Anything else, and the other end's death.
    pub fn wait_for_go(&self) -> Result<(), Error> {
        match self.receive()? {
            Some((Message::Go, _)) => Ok(()),
            _ => Err(Error::system("the parent has gone")),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether `fd` has something to read, or has ended, within `time`.
pub(crate) fn wait_readable(fd: BorrowedFd<'_>, time: Duration) -> bool {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&timeout)) {
            Err(Errno::INTR) => {}
            result => return result.is_ok_and(|ready| ready > 0),
        }
    }
}

/// Moves a descriptor away from 0, 1 and 2.
pub(crate) fn above_standard(fd: OwnedFd) -> Result<OwnedFd, Error> {
    use std::os::fd::AsRawFd;
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    rustix::io::fcntl_dupfd_cloexec(&fd, 3).step("duplicate descriptor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way_and_the_end_is_seen() {
        let (ours, theirs) = Channel::pair().unwrap();
        let failed = Message::Failed(Error::new(ErrorKind::NotFound, "exec: \"x\""));
        for message in [Message::Go, Message::Ready, Message::Process { pid: 77 }, failed] {
            theirs.send(&message).unwrap();
            assert_eq!(ours.receive().unwrap().unwrap().0, message);
        }
        theirs.send_with(&Message::Console, std::io::stdin().as_fd()).unwrap();
        let (message, fd) = ours.receive().unwrap().unwrap();
        assert!(message == Message::Console && fd.is_some());
        theirs.send(&Message::Failed(Error::system("x".repeat(1 << 20)))).unwrap();
        assert!(matches!(ours.receive().unwrap().unwrap().0, Message::Failed(error) if error.message().len() > 16_000));
        drop(theirs);
        assert!(ours.receive().unwrap().is_none());
    }
}
