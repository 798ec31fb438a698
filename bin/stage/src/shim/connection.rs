//! One connection: a request, its answer, and for some a byte stream after it.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use logdriver::Stream;
use shim_proto::{Response, Streams};

use super::inbox::{Inbox, Received};
use super::outbox::Outbox;
use super::poll::{Interest, Poller, Token, Watch};

/// So many bytes may wait for a client before the process has to.
pub(crate) const BACKLOG: usize = 1 << 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The daemon that has started us.
    Control,
    /// A request is awaited.
    Request,
    /// Joined with the streams of the process of that number.
    Attached(u32, Streams),
    /// Waits for the end of the process of that number; or was answered, and is closed soon.
    Answered,
}

/// A peer.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) role: Role,
    socket: UnixStream,
    inbox: Inbox,
    outbox: Outbox,
    watch: Watch,
    /// Whether the peer may say more.
    open: bool,
    /// Whether the peer does not listen any more.
    deaf: bool,
    /// Whether to close when all is written.
    closing: bool,
    /// Whether what the peer says cannot be taken now.
    held_back: bool,
}

impl Connection {
    pub(crate) fn new(number: u32, socket: UnixStream, role: Role) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            role,
            socket,
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            watch: Watch::new(Token::Connection(number)),
            open: true,
            deaf: false,
            closing: false,
            held_back: false,
        })
    }

    /// Reads a request.
    pub(crate) fn receive(&mut self) -> io::Result<Received> {
        let received = self.inbox.receive(&self.socket);
        self.open = match &received {
            Ok(received) => *received != Received::End,
            Err(error) => error.kind() == io::ErrorKind::InvalidData,
        };
        received
    }

    /// Reads a piece of the byte stream; `None` when there is none now. It has ended when [`Connection::is_open`] says
    /// so afterwards.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Option<usize> {
        match rustix::io::read(&self.socket, buffer) {
            Ok(count) if count > 0 => return Some(count),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => self.open = false,
        }
        None
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn respond(&mut self, response: &Response) {
        match shim_proto::encode(response) {
            Ok(frame) => self.send([&frame, b""]),
            Err(_) => self.closing = true,
        }
    }

    /// Passes on what the process has printed: as it is from a terminal, else under Docker's header of eight bytes
    /// (stream, three zeros, length in network order).
    pub(crate) fn print(&mut self, stream: Stream, terminal: bool, bytes: &[u8]) {
        let Role::Attached(_, wanted) = self.role else { return };
        let (number, wanted) = match stream {
            Stream::Stdout => (1, wanted.stdout),
            Stream::Stderr => (2, wanted.stderr),
        };
        if !wanted {
            return;
        }
        let length = (bytes.len() as u32).to_be_bytes();
        let header = [number, 0, 0, 0, length[0], length[1], length[2], length[3]];
        self.send([if terminal { b"" } else { &header }, bytes]);
    }

    fn send(&mut self, parts: [&[u8]; 2]) {
        if !self.deaf && self.outbox.send(&self.socket, parts).is_err() {
            self.hang_up();
        }
    }

    pub(crate) fn flush(&mut self) {
        if self.outbox.flush(&self.socket).is_err() {
            self.hang_up();
        }
    }

    /// The peer does not listen any more. What it has said can still be read.
    pub(crate) fn hang_up(&mut self) {
        self.deaf = true;
        self.outbox.clear();
    }

    /// Closes when all is written.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn hold_back(&mut self, held_back: bool) {
        self.held_back = held_back;
    }

    pub(crate) fn is_slow(&self) -> bool {
        self.outbox.len() >= BACKLOG
    }

    /// Takes what the peer has said and nobody will read: what is unread when a socket is closed is an error
    /// (`ECONNRESET`) for the peer, where the end of our words is meant. Not more than a socket can hold.
    pub(crate) fn turn_a_deaf_ear(&mut self, buffer: &mut [u8]) {
        const MOST: usize = 64;
        let mut reads = 0;
        while reads < MOST && self.open && self.read(buffer).is_some() {
            reads += 1;
        }
    }

    /// Whether there is no more to do here.
    pub(crate) fn is_done(&self) -> bool {
        (self.closing && self.outbox.is_empty()) || (self.deaf && !self.wants_input())
    }

    /// Whether anything that the peer may still say matters.
    fn wants_input(&self) -> bool {
        self.open
            && !self.closing
            && match self.role {
                Role::Control | Role::Request => true,
                Role::Attached(_, streams) => streams.stdin,
                Role::Answered => false,
            }
    }

    /// Waits for what can happen next here.
    pub(crate) fn watch(&mut self, poller: &Poller) -> io::Result<()> {
        let mut interest = Interest::empty();
        interest.set(Interest::IN, self.wants_input() && !self.held_back);
        interest.set(Interest::OUT, !self.outbox.is_empty());
        // Of a peer that has hung up the kernel would tell us again and again.
        let wanted = (!self.deaf || !interest.is_empty()).then_some(interest);
        self.watch.set(poller, self.socket.as_fd(), wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const ALL: Streams = Streams { stdin: true, stdout: true, stderr: true };

    #[test]
    fn output_is_framed_unless_it_comes_from_a_terminal() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::new(1, ours, Role::Attached(0, ALL)).unwrap();
        connection.print(Stream::Stderr, false, b"ab");
        connection.print(Stream::Stdout, true, b"raw");
        drop(connection);
        let mut text = Vec::new();
        theirs.read_to_end(&mut text).unwrap();
        assert_eq!(text, b"\x02\0\0\0\0\0\0\x02abraw");
    }

    #[test]
    fn a_deaf_peer_is_heard_to_its_last_word() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::new(1, ours, Role::Attached(0, ALL)).unwrap();
        rustix::io::write(&theirs, b"bye").unwrap();
        drop(theirs);
        connection.print(Stream::Stdout, true, b"nobody hears this");
        assert!(!connection.is_done());
        let mut buffer = [0; 8];
        assert_eq!(connection.read(&mut buffer), Some(3));
        assert_eq!(connection.read(&mut buffer), None);
        assert!(!connection.is_open() && connection.is_done());
    }
}
