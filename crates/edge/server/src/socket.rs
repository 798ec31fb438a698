//! One connection's stream of bytes, with the deadline of its first request.
//!
//! hyper's own deadline for a request's head begins when it knows which HTTP version the client speaks; a client that
//! sends nothing, or one byte, would stay for ever. So reading fails here until the first request has come in time.
//!
//! Two customs of Go's server are kept, on which Docker's clients rely. A request that is refused before its body was
//! read is answered, and the connection lingers until the client has seen that; closed at once, it would break the
//! client's writing. And the line of the first request may hold characters that should have been escaped, as in
//! `curl 'http://x/containers/json?filters={"name":["web"]}'`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

/// How long a client may take to notice that it is answered.
const LINGER: Duration = Duration::from_millis(500);

/// A connection.
pub(crate) struct Socket {
    stream: Stream,
    /// Whether the first line is still being read.
    in_first_line: bool,
    /// Whether a close waits for the client.
    lingers: bool,
    lingering: Option<Pin<Box<Sleep>>>,
    /// Gone once the first request has come.
    deadline: Option<(Pin<Box<Sleep>>, FirstRequest)>,
    /// One of the connections that may be; given back with the last byte, also of a hijacked connection.
    _place: OwnedSemaphorePermit,
}

/// Each kind of stream.
#[derive(Debug)]
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    /// Its `shutdown` sends close_notify before it closes the half below.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Told when the first request has come.
#[derive(Clone, Default)]
pub(crate) struct FirstRequest(Arc<AtomicBool>);

impl FirstRequest {
    /// The first request has come.
    pub(crate) fn has_come(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Socket {
    pub(crate) fn new(stream: Stream, place: OwnedSemaphorePermit, head: Duration, first: FirstRequest) -> Self {
        Self {
            stream,
            in_first_line: true,
            lingers: true,
            lingering: None,
            deadline: Some((Box::pin(sleep(head)), first)),
            _place: place,
        }
    }

    /// From now on `shutdown` closes one half and no more: the connection is a stream of bytes.
    pub(crate) fn is_hijacked(&mut self) {
        self.lingers = false;
    }

    /// A second descriptor of the same connection, to look at its state while the halves are in use.
    pub(crate) fn watch(&self) -> io::Result<OwnedFd> {
        self.as_fd().try_clone_to_owned()
    }

    fn check_deadline(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some((sleep, first)) = &mut self.deadline else { return Ok(()) };
        if first.0.load(Ordering::Relaxed) {
            self.deadline = None;
        } else if sleep.as_mut().poll(cx).is_ready() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no request within the deadline"));
        }
        Ok(())
    }
}

/// Whether the peer has closed both directions. On TCP that is seen only once something was sent.
pub(crate) fn hung_up(watch: &OwnedFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(watch, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let found = poll(&mut fds, Some(&at_once)).unwrap_or(0);
    found > 0 && fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Tls(stream) => stream.get_ref().0.as_fd(),
        }
    }
}

/// Read at a time until the first line ends, in bytes.
const CHUNK: usize = 4096;
/// The length of `%22`.
const ESCAPED: usize = 3;

/// Copies bytes, and escapes what hyper takes in no target of a request, until the line ends; whether it has.
fn escape(bytes: &[u8], buf: &mut ReadBuf<'_>) -> bool {
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => {
                buf.put_slice(&bytes[at..]);
                return true;
            }
            b'"' => buf.put_slice(b"%22"),
            b'<' => buf.put_slice(b"%3C"),
            b'>' => buf.put_slice(b"%3E"),
            byte => buf.put_slice(&[*byte]),
        }
    }
    false
}

macro_rules! with_stream {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().stream {
            Stream::Unix($stream) => $call,
            Stream::Tcp($stream) => $call,
            Stream::Tls($stream) => $call,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_deadline(cx)?;
        // Room for the longest form of what is read.
        let room = (buf.remaining() / ESCAPED).min(CHUNK);
        if !self.in_first_line || room == 0 {
            return with_stream!(self, stream => Pin::new(stream).poll_read(cx, buf));
        }
        let mut chunk = [0; CHUNK];
        let mut read = ReadBuf::new(&mut chunk[..room]);
        let socket = self.as_mut();
        ready!(with_stream!(socket, stream => Pin::new(stream).poll_read(cx, &mut read)))?;
        self.in_first_line = !escape(read.filled(), buf);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        with_stream!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        with_stream!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let socket = self.as_mut();
            ready!(with_stream!(socket, stream => Pin::new(stream).poll_shutdown(cx)))?;
        }
        if self.lingers { self.poll_linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}

impl Socket {
    /// Drops what still comes, until the client closes or its time is over.
    fn poll_linger(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let pause = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if pause.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut chunk = [0; CHUNK];
        loop {
            let mut read = ReadBuf::new(&mut chunk);
            let socket = self.as_mut();
            match ready!(with_stream!(socket, stream => Pin::new(stream).poll_read(cx, &mut read))) {
                Ok(()) if !read.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_is_escaped() {
        let check = |text: &[u8], ended, expected: &[u8]| {
            let mut room = [0; 64];
            let mut buf = ReadBuf::new(&mut room);
            assert_eq!((escape(text, &mut buf), buf.filled()), (ended, expected));
        };
        check(b"GET /?f={\"a\":1}", false, b"GET /?f={%22a%22:1}");
        check(b"GET /<> HTTP/1.1\r\nA: \"b\"", true, b"GET /%3C%3E HTTP/1.1\r\nA: \"b\"");
        check(b"", false, b"");
    }
}
