//! The archive as a sequence of entries.

use std::io::{self, BufRead};

use super::error::ReadError;
use super::header::{Header, flag};
use super::pax::{Extended, number};
use super::sparse::Sparse;
use super::{BLOCK, Entry, Kind};
use crate::Limits;

/// Reads entries one after another. After [`Reader::next_entry`] the entry's content is read with [`Reader::data`] and
/// [`Reader::advance`]; what is left of it is skipped.
pub struct Reader<R> {
    source: R,
    limits: Limits,
    entries: u64,
    consumed: u64,
    /// Bytes of the current entry's content that are still to come, and the padding behind them.
    remaining: u64,
    padding: u64,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads `source` within `limits`.
    pub fn new(source: R, limits: Limits) -> Self {
        Self { source, limits, entries: 0, consumed: 0, remaining: 0, padding: 0, ended: false }
    }

    /// The number of headers read so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The next entry, or `None` at the end of the archive.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        let mut extended = Extended::default();
        loop {
            let Some(header) = self.next_header()? else { return Ok(None) };
            match header.flag() {
                flag::PAX_LOCAL => {
                    let data = self.small(&header)?;
                    extended.merge(&data)?;
                }
                flag::PAX_GLOBAL => self.begin(header.size()?)?,
                flag::GNU_LONG_NAME => extended.path = Some(self.long_name(&header)?),
                flag::GNU_LONG_LINK => extended.link = Some(self.long_name(&header)?),
                _ => return self.entry(&header, extended).map(Some),
            }
        }
    }

    /// What is buffered of the current entry's content; empty at its end.
    pub fn data(&mut self) -> Result<&[u8], ReadError> {
        if self.remaining == 0 {
            return Ok(&[]);
        }
        let buffer = self.source.fill_buf()?;
        if buffer.is_empty() {
            return Err(ended_early());
        }
        let most = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        Ok(&buffer[..buffer.len().min(most)])
    }

    /// Takes `amount` bytes of the content as read; at most as many as [`Reader::data`] gave.
    pub fn advance(&mut self, amount: usize) -> Result<(), ReadError> {
        self.source.consume(amount);
        self.remaining -= amount as u64;
        self.count(amount as u64)
    }

    /// Reads what follows the archive's end, so that the stream's digest is over all of it.
    pub fn drain(mut self) -> Result<u64, ReadError> {
        loop {
            let amount = self.source.fill_buf()?.len();
            if amount == 0 {
                return Ok(self.consumed);
            }
            self.source.consume(amount);
            self.count(amount as u64)?;
        }
    }

    fn count(&mut self, amount: u64) -> Result<(), ReadError> {
        self.consumed += amount;
        if self.consumed > self.limits.stream {
            return Err(ReadError::Limit { limit: self.limits.stream, what: "bytes" });
        }
        Ok(())
    }

    /// Skips to the next header and reads it. Two blocks of zeros are the end, and so is a stream that ends here.
    fn next_header(&mut self) -> Result<Option<Header>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        self.skip()?;
        let header = match self.block()? {
            Some(block) => Header::check(&block)?,
            None => return Ok(self.end()),
        };
        let Some(header) = header else {
            return match self.block()? {
                Some(block) if block.iter().any(|byte| *byte != 0) => {
                    Err(ReadError::Header("one block of zeros inside"))
                }
                _ => Ok(self.end()),
            };
        };
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(ReadError::Limit { limit: self.limits.entries, what: "entries" });
        }
        Ok(Some(header))
    }

    fn end(&mut self) -> Option<Header> {
        self.ended = true;
        None
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        let mut left = self.remaining + self.padding;
        (self.remaining, self.padding) = (0, 0);
        while left > 0 {
            let buffered = self.source.fill_buf()?.len() as u64;
            if buffered == 0 {
                return Err(ended_early());
            }
            let amount = buffered.min(left);
            self.source.consume(amount as usize);
            self.count(amount)?;
            left -= amount;
        }
        Ok(())
    }

    /// The next block, or `None` if the stream ends before it.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, ReadError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let buffer = self.source.fill_buf()?;
            if buffer.is_empty() {
                return if filled == 0 { Ok(None) } else { Err(ended_early()) };
            }
            let amount = buffer.len().min(BLOCK - filled);
            block[filled..filled + amount].copy_from_slice(&buffer[..amount]);
            self.source.consume(amount);
            filled += amount;
        }
        self.count(BLOCK as u64)?;
        Ok(Some(block))
    }

    /// Starts the content of an entry; one that says it is larger than what may still come is refused before it is read.
    fn begin(&mut self, size: u64) -> Result<(), ReadError> {
        if size > self.limits.stream.saturating_sub(self.consumed) {
            return Err(ReadError::Limit { limit: self.limits.stream, what: "bytes" });
        }
        self.remaining = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
        Ok(())
    }

    /// The content of a helper header, which is held in memory and therefore bounded.
    fn small(&mut self, header: &Header) -> Result<Vec<u8>, ReadError> {
        let size = header.size()?;
        let limit = self.limits.header as u64;
        if size > limit {
            return Err(ReadError::Limit { limit, what: "bytes in an extended header" });
        }
        self.begin(size)?;
        let mut content = Vec::with_capacity(size as usize);
        while self.remaining > 0 {
            let amount = {
                let data = self.data()?;
                content.extend_from_slice(data);
                data.len()
            };
            self.advance(amount)?;
        }
        Ok(content)
    }

    fn long_name(&mut self, header: &Header) -> Result<Vec<u8>, ReadError> {
        let mut name = self.small(header)?;
        if let Some(end) = name.iter().position(|byte| *byte == 0) {
            name.truncate(end);
        }
        Ok(name)
    }

    fn entry(&mut self, header: &Header, mut extended: Extended) -> Result<Entry, ReadError> {
        let path = extended.sparse.name.take().or_else(|| extended.path.take()).unwrap_or_else(|| header.path());
        let link = extended.link.take().unwrap_or_else(|| header.link());
        for name in [&path, &link] {
            if name.len() > self.limits.name {
                return Err(ReadError::entry(name, "the name is too long"));
            }
        }
        let (mtime, mtime_nanoseconds) = match extended.mtime {
            Some(time) => time,
            None => (header.mtime()?, 0),
        };
        let mut entry = Entry {
            kind: Kind::File,
            size: extended.size.map_or_else(|| header.size(), Ok)?,
            mode: header.mode()?,
            uid: extended.uid.map_or_else(|| header.uid(), Ok)?,
            gid: extended.gid.map_or_else(|| header.gid(), Ok)?,
            mtime,
            mtime_nanoseconds,
            xattrs: std::mem::take(&mut extended.xattrs),
            path,
            link,
        };
        self.content(header, &extended, &mut entry)?;
        Ok(entry)
    }

    /// Finds out what the entry is and how much content follows.
    fn content(&mut self, header: &Header, extended: &Extended, entry: &mut Entry) -> Result<(), ReadError> {
        entry.kind = match header.flag() {
            // Before POSIX a directory was a file whose name ends with a slash.
            0 | b'0' if entry.path.ends_with(b"/") => Kind::Directory,
            0 | b'0' | flag::CONTIGUOUS => {
                self.begin(entry.size)?;
                return self.pax_sparse(extended, entry);
            }
            flag::GNU_SPARSE => {
                self.begin(entry.size)?;
                return self.gnu_sparse(header, entry);
            }
            flag::LINK => Kind::Hardlink,
            flag::SYMLINK => Kind::Symlink,
            flag::CHARACTER => Kind::Character(header.device()?),
            flag::BLOCK => Kind::Block(header.device()?),
            flag::DIRECTORY => Kind::Directory,
            flag::FIFO => Kind::Fifo,
            _ => return Err(ReadError::entry(&entry.path, "unknown type")),
        };
        // What has no content has none, whatever its header says.
        entry.size = 0;
        self.begin(0)
    }

    fn pax_sparse(&mut self, extended: &Extended, entry: &mut Entry) -> Result<(), ReadError> {
        let sparse = &extended.sparse;
        let (Some(size), true) = (sparse.size, sparse.major.is_some() || !sparse.map.is_empty()) else { return Ok(()) };
        let map = match (sparse.major, sparse.minor) {
            (None | Some(0), _) => Sparse::new(size, &sparse.map, self.remaining)?,
            (Some(1), Some(0)) => {
                let numbers = self.map_in_content()?;
                Sparse::new(size, &numbers, self.remaining)?
            }
            _ => return Err(ReadError::entry(&entry.path, "unknown format of a sparse file")),
        };
        entry.size = self.remaining;
        entry.kind = Kind::Sparse(map);
        Ok(())
    }

    /// The map of format 1.0: decimal lines in front of the content, padded to a block.
    fn map_in_content(&mut self) -> Result<Vec<u64>, ReadError> {
        const BAD: ReadError = ReadError::Header("malformed map of a sparse file");
        let mut text = Vec::new();
        let mut lines = 0;
        let mut wanted = None;
        while wanted.is_none_or(|wanted| lines <= wanted) {
            if text.len() > self.limits.header || self.remaining < BLOCK as u64 {
                return Err(BAD);
            }
            let block = self.block()?.ok_or_else(ended_early)?;
            self.remaining -= BLOCK as u64;
            lines += block.iter().filter(|byte| **byte == b'\n').count() as u64;
            text.extend_from_slice(&block);
            if wanted.is_none() && lines > 0 {
                let first = text.split(|byte| *byte == b'\n').next().ok_or(BAD)?;
                wanted = Some(number(first)?.checked_mul(2).ok_or(BAD)?);
            }
        }
        let wanted = wanted.ok_or(BAD)? as usize;
        text.split(|byte| *byte == b'\n').skip(1).take(wanted).map(number).collect()
    }

    /// The map of the old GNU format: four pairs in the header, then blocks of 21 pairs.
    fn gnu_sparse(&mut self, header: &Header, entry: &mut Entry) -> Result<(), ReadError> {
        const BAD: ReadError = ReadError::Header("malformed map of a sparse file");
        let gnu = header.gnu().ok_or(BAD)?;
        let size = gnu.real_size().map_err(|_| BAD)?;
        let mut numbers = Vec::new();
        let mut more = gnu.is_extended();
        push_pairs(&gnu.sparse, &mut numbers)?;
        while more {
            if numbers.len() * 8 > self.limits.header {
                return Err(BAD);
            }
            let mut block = tar::GnuExtSparseHeader::new();
            *block.as_mut_bytes() = self.block()?.ok_or_else(ended_early)?;
            push_pairs(block.sparse(), &mut numbers)?;
            more = block.is_extended();
        }
        entry.kind = Kind::Sparse(Sparse::new(size, &numbers, self.remaining)?);
        Ok(())
    }
}

fn push_pairs(pairs: &[tar::GnuSparseHeader], numbers: &mut Vec<u64>) -> Result<(), ReadError> {
    let bad = |_| ReadError::Header("malformed map of a sparse file");
    for pair in pairs.iter().take_while(|pair| !pair.is_empty()) {
        numbers.push(pair.offset().map_err(bad)?);
        numbers.push(pair.length().map_err(bad)?);
    }
    Ok(())
}

fn ended_early() -> ReadError {
    ReadError::Stream(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends in the middle of an entry"))
}
