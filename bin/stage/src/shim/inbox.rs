//! Puts a frame together from what a socket gives, byte by byte if need be.

use std::io;
use std::os::fd::AsFd;

use rustix::io::Errno;

/// Not more is read, and allocated, at once, whatever length a frame announces.
const STEP: usize = 64 << 10;

/// A frame on its way in.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Its four bytes of length, and then its body.
    bytes: Vec<u8>,
}

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A frame's body.
    Frame(Vec<u8>),
    /// Nothing more for now.
    Nothing,
    /// The peer has no more to say.
    End,
}

impl Inbox {
    /// Reads on, but nothing that follows the frame: that may be a byte stream. An error means that the peer is gone,
    /// or that it announces a frame that is too long.
    pub(crate) fn receive(&mut self, fd: impl AsFd) -> io::Result<Received> {
        loop {
            let missing = self.missing()?;
            if missing == 0 {
                let mut frame = std::mem::take(&mut self.bytes);
                return Ok(Received::Frame(frame.split_off(HEADER)));
            }
            let old = self.bytes.len();
            self.bytes.resize(old + missing.min(STEP), 0);
            let result = rustix::io::read(&fd, &mut self.bytes[old..]);
            self.bytes.truncate(old + *result.as_ref().unwrap_or(&0));
            match result {
                Ok(0) => return Ok(Received::End),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Received::Nothing),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// How many bytes the header, or else the frame, still lacks.
    fn missing(&self) -> io::Result<usize> {
        match self.bytes.first_chunk::<HEADER>() {
            None => Ok(HEADER - self.bytes.len()),
            Some(&header) => Ok(HEADER + shim_proto::check_length(header)? - self.bytes.len()),
        }
    }
}

const HEADER: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn frames_come_in_any_pieces_and_what_follows_stays() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut inbox = Inbox::default();
        for byte in [3, 0, 0, 0, b'a', b'b'] {
            assert_eq!(inbox.receive(&ours).unwrap(), Received::Nothing);
            theirs.write_all(&[byte]).unwrap();
        }
        theirs.write_all(b"c\0\0\0\0stream").unwrap();
        assert_eq!(inbox.receive(&ours).unwrap(), Received::Frame(b"abc".to_vec()));
        assert_eq!(inbox.receive(&ours).unwrap(), Received::Frame(Vec::new()));
        let mut rest = [0; 6];
        ours.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"stream");
        drop(theirs);
        assert_eq!(inbox.receive(&ours).unwrap(), Received::End);
    }

    #[test]
    fn an_announced_length_costs_no_memory_and_an_absurd_one_is_refused() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut inbox = Inbox::default();
        theirs.write_all(&shim_proto::MAX_FRAME.to_le_bytes()).unwrap();
        assert_eq!(inbox.receive(&ours).unwrap(), Received::Nothing);
        assert!(inbox.bytes.capacity() <= 2 * STEP);
        let mut inbox = Inbox::default();
        theirs.write_all(&u32::MAX.to_le_bytes()).unwrap();
        assert!(inbox.receive(&ours).is_err());
    }
}
