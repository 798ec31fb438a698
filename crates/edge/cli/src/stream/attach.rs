//! Joining the streams of a container or an exec.

use super::escape::Escape;
use super::input;
use super::out::Stream;
use crate::exit::Exit;
use bytes::{Buf, Bytes, BytesMut};
use client::{Hijacked, ReadHalf, WriteHalf};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// What to join, and how.
pub struct Attachment {
    /// The connection.
    pub hijacked: Hijacked,
    /// The container has a terminal: output is not framed.
    pub tty: bool,
    /// Send standard input.
    pub stdin: bool,
    /// Show standard output.
    pub stdout: bool,
    /// Show standard error.
    pub stderr: bool,
    /// Keys that leave; only looked for in input from a terminal.
    pub escape: Option<Escape>,
}

/// How a joined stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other side closed it.
    Closed,
    /// The user typed the keys that leave.
    Detached,
}

impl Attachment {
    /// Copies in both directions until the output ends or the user leaves. The end of the input closes only that
    /// direction; the output goes on.
    pub async fn run(self) -> Result<End, Exit> {
        let Hijacked { early, reader, writer, content_type } = self.hijacked;
        let framed = !self.tty || content_type.starts_with("application/vnd.docker.multiplexed-stream");
        let output = Output { framed, stdout: self.stdout, stderr: self.stderr };
        let input = async {
            match self.stdin {
                true => send(writer, input::stdin(), self.escape).await,
                false => {
                    // Keep our half open: some daemons take its end for the end of the client.
                    let _writer = writer;
                    std::future::pending().await
                }
            }
        };
        if !self.stdout && !self.stderr {
            return input.await;
        }
        tokio::select! {
            ended = output.receive(early, reader) => ended.map(|()| End::Closed),
            left = wait_for_detach(input) => left,
        }
    }
}

/// Only detaching ends the whole; after the end of the input, or its failure, the output goes on.
async fn wait_for_detach(input: impl Future<Output = Result<End, Exit>>) -> Result<End, Exit> {
    match input.await {
        Ok(End::Detached) => Ok(End::Detached),
        _ => std::future::pending().await,
    }
}

async fn send(
    mut writer: WriteHalf,
    mut input: mpsc::Receiver<io::Result<Bytes>>,
    mut escape: Option<Escape>,
) -> Result<End, Exit> {
    while let Some(chunk) = input.recv().await {
        let chunk = chunk?;
        let mut ended = false;
        match &mut escape {
            None => writer.write_all(&chunk).await?,
            Some(escape) => {
                let mut plain = Vec::with_capacity(chunk.len());
                ended = escape.feed(&chunk, &mut plain);
                writer.write_all(&plain).await?;
            }
        }
        if ended {
            return Ok(End::Detached);
        }
    }
    writer.shutdown().await?;
    Ok(End::Closed)
}

struct Output {
    framed: bool,
    stdout: bool,
    stderr: bool,
}

impl Output {
    async fn receive(&self, early: Bytes, mut reader: ReadHalf) -> Result<(), Exit> {
        let mut demux = Demux::default();
        let mut buffer = BytesMut::with_capacity(64 << 10);
        buffer.extend_from_slice(&early);
        loop {
            self.show(&mut demux, &mut buffer).await?;
            buffer.reserve(16 << 10);
            match reader.read_buf(&mut buffer).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // A daemon that dies resets the connection; what was sent has been shown.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn show(&self, demux: &mut Demux, buffer: &mut BytesMut) -> Result<(), Exit> {
        if !self.framed {
            let all = buffer.split();
            return Stream::Out.write(&all).await;
        }
        while let Some((stream, data)) = demux.next(buffer)? {
            let wanted = if stream == Stream::Out { self.stdout } else { self.stderr };
            if wanted {
                stream.write(&data).await?;
            }
        }
        Ok(())
    }
}

/// Takes frames apart: one byte for the stream, three of padding, four for the length (big endian), then data.
#[derive(Default)]
pub struct Demux {
    current: Option<(Stream, usize)>,
    failed: bool,
}

impl Demux {
    /// The next piece of data in `buffer`, taken out of it; frames are passed on in pieces as they arrive.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<(Stream, BytesMut)>, Exit> {
        if self.current.is_none() {
            if buffer.len() < 8 {
                return Ok(None);
            }
            let length = u32::from_be_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]) as usize;
            let stream = match buffer[0] {
                0 | 1 => Stream::Out,
                2 => Stream::Err,
                3 => {
                    self.failed = true;
                    Stream::Err
                }
                other => return Err(Exit::failure(format!("Unrecognized input header: {other}"))),
            };
            buffer.advance(8);
            self.current = Some((stream, length));
        }
        let Some((stream, left)) = self.current else { return Ok(None) };
        if self.failed {
            if buffer.len() < left.min(64 << 10) {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&buffer[..left.min(buffer.len())]).into_owned();
            return Err(Exit::failure(format!("error from daemon in stream: {text}")));
        }
        if left > 0 && buffer.is_empty() {
            return Ok(None);
        }
        let data = buffer.split_to(left.min(buffer.len()));
        self.current = (data.len() < left).then(|| (stream, left - data.len()));
        Ok(Some((stream, data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(input: &[&[u8]]) -> Result<Vec<(Stream, Vec<u8>)>, String> {
        let (mut demux, mut buffer, mut all) = (Demux::default(), BytesMut::new(), Vec::new());
        for part in input {
            buffer.extend_from_slice(part);
            while let Some((stream, data)) = demux.next(&mut buffer).map_err(|exit| exit.message)? {
                all.push((stream, data.to_vec()));
            }
        }
        Ok(all)
    }

    #[test]
    fn frames_are_passed_on_in_pieces() {
        let got = frames(&[b"\x01\0\0", b"\0\0\0\0\x03ab", b"c\x02\0\0\0\0\0\0\x01e"]).unwrap();
        assert_eq!(got, [(Stream::Out, b"ab".to_vec()), (Stream::Out, b"c".to_vec()), (Stream::Err, b"e".to_vec())]);
    }

    #[test]
    fn errors_and_garbage_are_told() {
        assert_eq!(frames(&[b"\x03\0\0\0\0\0\0\x04boom"]).unwrap_err(), "error from daemon in stream: boom");
        assert_eq!(frames(&[b"HTTP/1.1 "]).unwrap_err(), "Unrecognized input header: 72");
        assert!(frames(&[b"\x01\0\0\0\xff\xff\xff\xff"]).unwrap().is_empty());
    }
}
