//! One connection's stream of bytes, with the deadline of its first request.
//!
//! hyper's own deadline for a request's head begins when it knows which HTTP version the client speaks; a client that
//! sends nothing, or one byte, would stay for ever. So reading fails here until the first request has come in time.

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

/// A connection.
pub(crate) struct Socket {
    stream: Stream,
    /// Gone once the first request has come.
    deadline: Option<(Pin<Box<Sleep>>, FirstRequest)>,
    /// One of the connections that may be; given back with the last byte, also of a hijacked connection.
    _place: OwnedSemaphorePermit,
}

/// Either kind of stream.
#[derive(Debug)]
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
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
        Self { stream, deadline: Some((Box::pin(sleep(head)), first)), _place: place }
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
        }
    }
}

macro_rules! with_stream {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().stream {
            Stream::Unix($stream) => $call,
            Stream::Tcp($stream) => $call,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_deadline(cx)?;
        ready!(with_stream!(self, stream => Pin::new(stream).poll_read(cx, buf)))?;
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

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
