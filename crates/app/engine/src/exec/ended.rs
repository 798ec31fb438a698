//! Holds the end of an exec's output back until its exit code is known.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::oneshot;

/// Reads as nothing, and ends when the sender has spoken or gone. Chained behind the output: Docker's client asks for
/// the exit code as soon as the output ends, once, and takes a missing one for 0.
pub struct Ended(Option<oneshot::Receiver<()>>);

impl Ended {
    /// Ends with the sender of this.
    pub fn new(receiver: oneshot::Receiver<()>) -> Self {
        Self(Some(receiver))
    }
}

impl AsyncRead for Ended {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(receiver) = &mut self.0 {
            let _ = ready!(Pin::new(receiver).poll(context));
            self.0 = None;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn the_end_waits() {
        let (sender, receiver) = oneshot::channel();
        let mut reader = (&b"output"[..]).chain(Ended::new(receiver));
        let mut seen = [0; 6];
        reader.read_exact(&mut seen).await.unwrap();
        let end = tokio::spawn(async move { (reader.read(&mut [0; 1]).await, reader.read(&mut [0; 1]).await) });
        tokio::task::yield_now().await;
        assert!(!end.is_finished());
        sender.send(()).unwrap();
        assert!(matches!(end.await.unwrap(), (Ok(0), Ok(0))));
    }
}
