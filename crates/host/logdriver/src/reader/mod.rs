//! Reads the log, from anywhere to its end and on.

mod chain;
mod follower;
mod numbers;
mod record;
mod tail;
mod wake;

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use chain::Source;
pub use follower::{Finish, Follower};
pub use numbers::last_number;
use wake::Wake;

use crate::entry::{Entry, Stream};

/// Files are read in blocks of this many bytes.
const BLOCK: usize = 64 << 10;

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions {
    /// Whether standard output is wanted.
    pub stdout: bool,
    /// Whether standard error is wanted.
    pub stderr: bool,
    /// Nothing printed earlier, in nanoseconds since 1970.
    pub since: Option<i64>,
    /// Nothing printed later; reading ends at the first later record.
    pub until: Option<i64>,
    /// Only that many of the last records, of both streams and before any other choice, as Docker counts them.
    pub tail: Option<u64>,
    /// Only records with a greater number: what follows in a log whose records are numbered.
    pub after: Option<u64>,
    /// Whether to go on when the end is reached.
    pub follow: bool,
}

impl ReadOptions {
    /// Everything that there is.
    pub fn all() -> Self {
        Self { stdout: true, stderr: true, since: None, until: None, tail: None, after: None, follow: false }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let stream = match entry.stream {
            Stream::Stdout => self.stdout,
            Stream::Stderr => self.stderr,
        };
        let later = self.after.is_none_or(|after| entry.number.is_some_and(|number| number > after));
        stream && later && self.since.is_none_or(|since| entry.time >= since)
    }
}

/// What one step has found.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A record that was asked for.
    Entry(Entry),
    /// Something that is no record, now behind us.
    Skipped {
        /// Its length; 0 where whole files were rotated away before they could be read.
        bytes: u64,
    },
    /// Nothing more for now: look again when [`Reader::wake`] is readable.
    Idle,
    /// Nothing more.
    End,
}

/// A place in the log.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    options: ReadOptions,
    /// What is being read; `None` before there is a file.
    source: Option<Source>,
    /// Newer files, opened at the beginning, oldest first.
    ahead: VecDeque<Source>,
    /// Bytes read but not yet looked at are `buffer[start..]`.
    buffer: Vec<u8>,
    start: usize,
    /// How far `buffer[start..]` is known to hold no newline.
    searched: usize,
    wake: Option<Wake>,
    /// Whether nothing will be written any more.
    finished: bool,
    ended: bool,
}

impl Reader {
    /// Opens the log whose current file is `path`; a log of which there is no file yet is empty.
    pub fn open(path: &Path, options: ReadOptions) -> io::Result<Self> {
        // Watched before the first look, so that no change falls between the two.
        let wake = if options.follow { Wake::on(path).ok() } else { None };
        let mut ahead = chain::snapshot(path)?;
        if let Some(count) = options.tail {
            tail::keep_last(&mut ahead, count)?;
        }
        if let Some(after) = options.after {
            numbers::keep_after(&mut ahead, after)?;
        }
        if options.follow
            && let Some(newest) = ahead.back_mut()
        {
            newest.limit = u64::MAX;
        }
        Ok(Self {
            path: path.to_owned(),
            options,
            source: ahead.pop_front(),
            ahead,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            wake,
            finished: !options.follow,
            ended: false,
        })
    }

    /// Says that nothing will be written any more: reading ends at the end.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Readable (poll(2)) when a look is worth while after [`Step::Idle`]. `None` where the kernel has no more inotify
    /// instances to give: look again after a moment then.
    pub fn wake(&self) -> Option<BorrowedFd<'_>> {
        self.wake.as_ref().map(Wake::fd)
    }

    /// The next thing. Never waits.
    pub fn step(&mut self) -> io::Result<Step> {
        while !self.ended {
            if let Some(step) = self.take_line() {
                return Ok(step);
            }
            if self.fill()? {
                continue;
            }
            if let Some(step) = self.at_end()? {
                return Ok(step);
            }
        }
        Ok(Step::End)
    }

    /// A step from the next complete line, or `None` where there is none.
    fn take_line(&mut self) -> Option<Step> {
        loop {
            if let Some(bytes) = self.drop_zeros() {
                return Some(Step::Skipped { bytes });
            }
            let rest = &self.buffer[self.start..];
            let Some(newline) = memchr::memchr(b'\n', &rest[self.searched..]) else {
                self.searched = rest.len();
                return self.drop_endless();
            };
            let line = self.start..self.start + self.searched + newline;
            let read = record::read(&self.buffer[line.clone()]);
            self.consume(line.len() + 1);
            match read {
                record::Read::Whole(entry) => {
                    if let Some(step) = self.choose(entry) {
                        return Some(step);
                    }
                }
                // What is broken stands before the good part: said first, while the good part is read again.
                record::Read::After(bytes) => {
                    self.start = line.start + bytes;
                    return Some(Step::Skipped { bytes: bytes as u64 });
                }
                record::Read::Broken => return Some(Step::Skipped { bytes: line.len() as u64 + 1 }),
            }
        }
    }

    fn choose(&mut self, entry: Entry) -> Option<Step> {
        if self.options.until.is_some_and(|until| entry.time > until) {
            self.ended = true;
            return Some(Step::End);
        }
        self.options.wants(&entry).then_some(Step::Entry(entry))
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.searched = 0;
    }

    /// Zeros in front, as a power cut leaves them, may be many more than memory should hold.
    fn drop_zeros(&mut self) -> Option<u64> {
        let zeros = self.buffer[self.start..].iter().take_while(|&&byte| byte == 0).count();
        if zeros > 0 {
            self.consume(zeros);
        }
        (zeros > 0).then_some(zeros as u64)
    }

    /// What is longer than any record and has no end is no record, but one may begin in it.
    fn drop_endless(&mut self) -> Option<Step> {
        let rest = &self.buffer[self.start..];
        if rest.len() <= record::LONGEST {
            return None;
        }
        let bytes = record::last_start(rest);
        self.consume(bytes);
        Some(Step::Skipped { bytes: bytes as u64 })
    }

    /// Reads one block of the current file; false at its end.
    fn fill(&mut self) -> io::Result<bool> {
        let Some(source) = &mut self.source else { return Ok(false) };
        self.buffer.drain(..self.start);
        self.start = 0;
        let (old, wanted) = (self.buffer.len(), source.left().min(BLOCK as u64) as usize);
        self.buffer.resize(old + wanted, 0);
        let result = source.read_at(&mut self.buffer[old..], source.offset);
        self.buffer.truncate(old + *result.as_ref().unwrap_or(&0));
        source.offset += (self.buffer.len() - old) as u64;
        Ok(result? > 0)
    }

    /// Goes on to the next file, or says that there is nothing more. `None` means: try again.
    fn at_end(&mut self) -> io::Result<Option<Step>> {
        if let Some(next) = self.ahead.pop_front() {
            self.source = Some(next);
            return Ok(self.drop_rest());
        }
        if !self.options.follow {
            self.ended = true;
            return Ok(self.last_words());
        }
        let woken = self.wake.as_ref().is_some_and(Wake::clear);
        match chain::after(&self.path, self.source.as_ref())? {
            chain::Next::Same if woken => Ok(None),
            chain::Next::Same if self.finished => {
                self.ended = true;
                Ok(self.last_words())
            }
            chain::Next::Same => Ok(Some(Step::Idle)),
            chain::Next::Emptied => {
                self.source.as_mut().expect("it was emptied").offset = 0;
                Ok(self.drop_rest())
            }
            chain::Next::File { next, gap } => self.change_to(next, gap),
        }
    }

    /// The old file got its last line before it was renamed, which may be after our last look at it.
    fn change_to(&mut self, next: Source, gap: bool) -> io::Result<Option<Step>> {
        if self.fill()? {
            return Ok(None);
        }
        self.source = Some(next);
        let rest = self.drop_rest();
        Ok(if gap { Some(Step::Skipped { bytes: 0 }) } else { rest })
    }

    /// A line does not go on in another file.
    fn drop_rest(&mut self) -> Option<Step> {
        let bytes = self.buffer.len() - self.start;
        self.consume(bytes);
        (bytes > 0).then_some(Step::Skipped { bytes: bytes as u64 })
    }

    /// The last line may lack its newline: a record all the same where it is whole, else one that is being written.
    fn last_words(&mut self) -> Option<Step> {
        let line = self.start..self.buffer.len();
        match record::read(&self.buffer[line]) {
            record::Read::Whole(entry) => {
                self.consume(self.buffer.len() - self.start);
                self.choose(entry)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "reader_test.rs"]
mod tests;
