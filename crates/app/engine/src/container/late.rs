//! A byte stream whose other end comes later: what a client joins before the container is started.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

/// Half of a stream: awaited, there, or never to come.
pub enum Late<T> {
    /// Its other end is not there yet.
    Waiting(oneshot::Receiver<T>),
    /// It is.
    Ready(T),
    /// The container went away before it was started.
    Gone,
}

/// Where the stream is handed in when it is there. Dropping it ends both halves.
pub struct Promise {
    reader: oneshot::Sender<OwnedReadHalf>,
    writer: oneshot::Sender<OwnedWriteHalf>,
}

impl Promise {
    /// Hands the stream in. A client that went away meanwhile is no error.
    pub fn keep(self, stream: UnixStream) {
        let (reader, writer) = stream.into_split();
        let _ = self.reader.send(reader);
        let _ = self.writer.send(writer);
    }

    /// Whether the client is gone already.
    pub fn is_abandoned(&self) -> bool {
        self.reader.is_closed() && self.writer.is_closed()
    }
}

/// Makes the halves of a stream that is yet to come.
pub fn late() -> (Promise, Late<OwnedReadHalf>, Late<OwnedWriteHalf>) {
    let (reader, read) = oneshot::channel();
    let (writer, write) = oneshot::channel();
    (Promise { reader, writer }, Late::Waiting(read), Late::Waiting(write))
}

impl<T: Unpin> Late<T> {
    fn poll_there(&mut self, context: &mut Context<'_>) -> Poll<Option<Pin<&mut T>>> {
        if let Late::Waiting(receiver) = self {
            *self = match ready!(Pin::new(receiver).poll(context)) {
                Ok(half) => Late::Ready(half),
                Err(_) => Late::Gone,
            };
        }
        match self {
            Late::Ready(half) => Poll::Ready(Some(Pin::new(half))),
            _ => Poll::Ready(None),
        }
    }
}

impl AsyncRead for Late<OwnedReadHalf> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match ready!(self.poll_there(context)) {
            Some(half) => half.poll_read(context, buffer),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Late<OwnedWriteHalf> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(self.poll_there(context)) {
            Some(half) => half.poll_write(context, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Late::Ready(half) => Pin::new(half).poll_flush(context),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.poll_there(context)) {
            Some(half) => half.poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn bytes_wait_for_the_stream_and_half_closing_passes_on() {
        let (promise, mut reader, mut writer) = late();
        let client = tokio::spawn(async move {
            writer.write_all(b"in").await.unwrap();
            writer.shutdown().await.unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).await.unwrap();
            text
        });
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        promise.keep(ours);
        let mut text = String::new();
        theirs.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "in");
        theirs.write_all(b"out").await.unwrap();
        drop(theirs);
        assert_eq!(client.await.unwrap(), "out");
    }

    #[tokio::test]
    async fn a_broken_promise_is_the_end() {
        let (promise, mut reader, mut writer) = late();
        drop(promise);
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(writer.write_all(b"x").await.is_err());
    }
}
