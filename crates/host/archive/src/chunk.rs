//! A bounded pipe of large buffers between two threads.
//!
//! The reading end tells a source that ended from one that broke off: a writer that is dropped without
//! [`ChunkWriter::finish`] makes the reader fail, so that half a layer is never taken for a whole one.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The reader is gone; whoever writes should stop, the cause is told elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reader of the stream is gone")]
pub struct Aborted;

enum Message<C> {
    Chunk(C),
    End,
    Failed(io::Error),
}

/// Makes a pipe that holds at most `depth` chunks.
pub fn pipe<C: AsRef<[u8]>>(depth: usize) -> (ChunkWriter<C>, ChunkReader<C>) {
    let (sender, receiver) = sync_channel(depth);
    (ChunkWriter { sender }, ChunkReader { receiver, current: None, position: 0, state: State::Open })
}

/// The writing end.
pub struct ChunkWriter<C> {
    sender: SyncSender<Message<C>>,
}

impl<C> ChunkWriter<C> {
    /// Hands over one chunk; waits while the pipe is full.
    pub fn send(&self, chunk: C) -> Result<(), Aborted> {
        self.sender.send(Message::Chunk(chunk)).map_err(|_| Aborted)
    }

    /// Says that the stream is whole.
    pub fn finish(self) -> Result<(), Aborted> {
        self.sender.send(Message::End).map_err(|_| Aborted)
    }

    /// Says why there is no more.
    pub fn fail(self, error: io::Error) {
        // A reader that has gone knows more than we do.
        let _ = self.sender.send(Message::Failed(error));
    }
}

enum State {
    Open,
    Ended,
    Broken,
}

/// The reading end.
pub struct ChunkReader<C> {
    receiver: Receiver<Message<C>>,
    current: Option<C>,
    position: usize,
    state: State,
}

impl<C: AsRef<[u8]>> ChunkReader<C> {
    /// The next chunk as it was sent; `None` at the end.
    pub fn next_chunk(&mut self) -> io::Result<Option<C>> {
        match self.state {
            State::Ended => return Ok(None),
            State::Broken => return Err(broken_off()),
            State::Open => {}
        }
        match self.receiver.recv() {
            Ok(Message::Chunk(chunk)) => Ok(Some(chunk)),
            Ok(Message::End) => {
                self.state = State::Ended;
                Ok(None)
            }
            Ok(Message::Failed(error)) => {
                self.state = State::Broken;
                Err(error)
            }
            Err(_) => {
                self.state = State::Broken;
                Err(broken_off())
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.current.as_ref().map_or(&[], |chunk| &chunk.as_ref()[self.position..])
    }
}

fn broken_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the stream broke off")
}

impl<C: AsRef<[u8]>> BufRead for ChunkReader<C> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.rest().is_empty() {
            self.current = None;
            self.position = 0;
            match self.next_chunk()? {
                Some(chunk) => self.current = Some(chunk),
                None => break,
            }
        }
        Ok(self.rest())
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl<C: AsRef<[u8]>> Read for ChunkReader<C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.fill_buf()?;
        let amount = rest.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&rest[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_stream_reads_whole_and_a_dropped_one_fails() {
        let (writer, mut reader) = pipe(4);
        writer.send(b"ab".to_vec()).unwrap();
        writer.send(Vec::new()).unwrap();
        writer.send(b"c".to_vec()).unwrap();
        writer.finish().unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        assert_eq!(reader.fill_buf().unwrap(), b"");

        let (writer, mut reader) = pipe(4);
        writer.send(b"ab".to_vec()).unwrap();
        drop(writer);
        let error = reader.read_to_string(&mut text).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(reader.fill_buf().is_err(), "it stays broken");
    }

    #[test]
    fn a_failure_arrives_behind_the_data_and_a_gone_reader_is_told() {
        let (writer, mut reader) = pipe::<Vec<u8>>(4);
        writer.send(b"ab".to_vec()).unwrap();
        writer.fail(io::Error::from_raw_os_error(5));
        assert_eq!(reader.fill_buf().unwrap(), b"ab");
        reader.consume(2);
        assert_eq!(reader.fill_buf().unwrap_err().raw_os_error(), Some(5));

        let (writer, reader) = pipe(1);
        drop(reader);
        assert_eq!(writer.send(vec![1]), Err(Aborted));
    }
}
