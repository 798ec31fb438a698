//! The two forms of a process's output: raw, as a terminal gives it, and Docker's frames, which tell the streams apart.
//!
//! Clients say at the start of an exec which one they read, and need not say what they said at its creation.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::io::{ReaderStream, StreamReader};

/// A frame's head: the stream's number, three zeros, the length.
const HEAD: usize = 8;
/// The number of standard output.
const STDOUT: u8 = 1;
/// The most of a frame that is held at once, in bytes.
const PIECE: usize = 32 << 10;
/// How many pieces a slow client may lag behind.
const AHEAD: usize = 4;

type Pieces = mpsc::Sender<io::Result<Bytes>>;

/// Raw output as frames of standard output.
pub fn framed(reader: impl AsyncRead + Send + Unpin + 'static) -> impl AsyncRead + Send {
    StreamReader::new(ReaderStream::with_capacity(reader, PIECE).map(|piece| piece.map(|piece| frame(&piece))))
}

/// The standard output that frames carry, raw. What else they carry has no place on a terminal's stream.
pub fn unframed(reader: impl AsyncRead + Send + Unpin + 'static) -> impl AsyncRead + Send {
    let (pieces, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(unwrap(reader, pieces));
    StreamReader::new(ReceiverStream::new(receiver))
}

fn frame(bytes: &[u8]) -> Bytes {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut frame = BytesMut::with_capacity(HEAD + bytes.len());
    frame.extend_from_slice(&[STDOUT, 0, 0, 0]);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(bytes);
    frame.freeze()
}

async fn unwrap(mut reader: impl AsyncRead + Unpin, pieces: Pieces) {
    tokio::select! {
        () = pass(&mut reader, &pieces) => {}
        () = pieces.closed() => {}
    }
}

async fn pass(reader: &mut (impl AsyncRead + Unpin), pieces: &Pieces) {
    let mut head = [0; HEAD];
    while reader.read_exact(&mut head).await.is_ok() {
        let [stream, .., a, b, c, d] = head;
        let mut left = u32::from_be_bytes([a, b, c, d]) as usize;
        while left > 0 {
            let mut piece = BytesMut::zeroed(left.min(PIECE));
            let piece = match reader.read(&mut piece).await {
                Ok(0) => return,
                Ok(read) => {
                    left -= read;
                    piece.truncate(read);
                    Ok(piece.freeze())
                }
                Err(error) => Err(error),
            };
            let is_last = piece.is_err();
            if stream == STDOUT && pieces.send(piece).await.is_err() || is_last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut reader: std::pin::Pin<Box<dyn AsyncRead + Send>>) -> Vec<u8> {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).await.unwrap();
        all
    }

    #[tokio::test]
    async fn raw_output_becomes_frames_and_frames_raw_output() {
        assert_eq!(read(Box::pin(framed(&b"no\r\n"[..]))).await, b"\x01\0\0\0\0\0\0\x04no\r\n");
        assert_eq!(read(Box::pin(framed(&b""[..]))).await, b"");
        let both = b"\x01\0\0\0\0\0\0\x02hi\x02\0\0\0\0\0\0\x03bad\x01\0\0\0\0\0\0\x01!\x01\0\0\0\0\0\0\x05cut";
        assert_eq!(read(Box::pin(unframed(&both[..]))).await, b"hi!cut");
    }

    #[tokio::test]
    async fn what_is_silent_is_let_go_with_its_client() {
        let (process, stream) = tokio::io::duplex(8);
        drop(unframed(stream));
        let (mut process, mut rest) = (process, Vec::new());
        process.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"");
    }
}
