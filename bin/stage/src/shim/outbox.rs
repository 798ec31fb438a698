//! What waits to be written to a socket or a pipe whose reader is slower than we are.

use std::io::{self, IoSlice};
use std::os::fd::AsFd;

use rustix::io::Errno;

/// Bytes that the kernel did not take yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Outbox {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes `parts` as far as that is possible now, and keeps the rest. An error means that the reader is gone.
    pub(crate) fn send(&mut self, fd: impl AsFd, parts: [&[u8]; 2]) -> io::Result<()> {
        let mut written = if self.is_empty() { write_now(fd, &parts.map(IoSlice::new))? } else { 0 };
        for part in parts {
            let now = written.min(part.len());
            self.bytes.extend_from_slice(&part[now..]);
            written -= now;
        }
        Ok(())
    }

    /// Writes what was kept, as far as that is possible now.
    pub(crate) fn flush(&mut self, fd: impl AsFd) -> io::Result<()> {
        if !self.is_empty() {
            self.start += write_now(fd, &[IoSlice::new(&self.bytes[self.start..])])?;
        }
        self.tidy();
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives memory back: most of the time nothing is kept. The rest moves down once it is the smaller part.
    fn tidy(&mut self) {
        if self.is_empty() {
            self.clear();
        } else if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}

/// How many bytes the kernel takes without waiting.
fn write_now(fd: impl AsFd, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        match rustix::io::writev(&fd, parts) {
            Ok(written) => return Ok(written),
            Err(Errno::AGAIN) => return Ok(0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn nothing_is_lost_between_a_fast_writer_and_a_slow_reader() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut outbox = Outbox::default();
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for round in 0..200_u8 {
            let (head, body) = ([round; 8], vec![round; 5000]);
            outbox.send(&writer, [&head, &body]).unwrap();
            sent.extend([&head[..], &body].concat());
            let mut some = [0; 3000];
            let count = reader.read(&mut some).unwrap();
            received.extend_from_slice(&some[..count]);
            outbox.flush(&writer).unwrap();
        }
        while !outbox.is_empty() {
            let mut some = [0; 3000];
            let count = reader.read(&mut some).unwrap();
            received.extend_from_slice(&some[..count]);
            outbox.flush(&writer).unwrap();
        }
        drop(writer);
        reader.read_to_end(&mut received).unwrap();
        assert!(sent == received);
        assert_eq!(outbox.bytes.capacity(), 0);
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(Outbox::default().send(&writer, [b"x", b""]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
