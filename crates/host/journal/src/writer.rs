//! The one who writes.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::Record;
use crate::segment::{self, Segment};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes at which a file is followed by the next one.
    pub file: u64,
    /// How many files there are at most, the current one included; at least 2.
    pub files: usize,
}

impl Default for Limits {
    /// 64 MiB in eight files.
    fn default() -> Self {
        Self { file: 8 << 20, files: 8 }
    }
}

/// A journal open for writing. Nobody else may write to it.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    limits: Limits,
    file: File,
    size: u64,
    files: Vec<Segment>,
    last: u64,
}

impl Journal {
    /// Opens the journal in `folder`, which is made where it lacks, behind its last whole record.
    ///
    /// # Errors
    /// As of the file system.
    pub fn open(folder: &Path, limits: Limits) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut files = segment::list(folder)?;
        if files.is_empty() {
            files.push(Segment::new(folder, 1));
        }
        let current = &files[files.len() - 1];
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&current.path)?;
        let (size, last) = whole(&mut file)?;
        file.set_len(size)?;
        file.seek(SeekFrom::End(0))?;
        let last = last.unwrap_or(current.first.saturating_sub(1));
        Ok(Self { folder: folder.to_owned(), limits, file, size, files, last })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The number of the last record; 0 for none.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Appends a record, whose text has no line ends, and gives its number. It survives this process at once, and a power
    /// cut when the kernel has written it.
    ///
    /// # Errors
    /// As of the file system; the journal is then as it was.
    pub fn append(&mut self, time: i64, text: &str) -> io::Result<u64> {
        debug_assert!(!text.contains('\n'));
        let record = Record { number: self.last + 1, time, text: text.to_owned() };
        let line = segment::write(&record);
        if self.size > 0 && self.size + line.len() as u64 > self.limits.file {
            self.turn(record.number)?;
        }
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Half a line would spoil the next one.
            self.file.set_len(self.size)?;
            self.file.seek(SeekFrom::Start(self.size))?;
            return Err(error);
        }
        self.size += line.len() as u64;
        self.last = record.number;
        Ok(record.number)
    }

    /// Counts a record that could not be written, so that readers learn of it.
    pub fn skip(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Goes on in a new file, and takes the oldest away where there are too many.
    fn turn(&mut self, first: u64) -> io::Result<()> {
        let next = Segment::new(&self.folder, first);
        self.file = File::options().create_new(true).write(true).open(&next.path)?;
        self.size = 0;
        self.files.push(next);
        while self.files.len() > self.limits.files.max(2) {
            fs::remove_file(&self.files[0].path)?;
            self.files.remove(0);
        }
        Ok(())
    }
}

/// The size up to the end of the last whole line, and the number of the last record.
fn whole(file: &mut File) -> io::Result<(u64, Option<u64>)> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let (mut size, mut last) = (0, None);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else { break };
        size += line.len() as u64;
        // What is damaged in the middle is no reason to lose what follows.
        last = segment::parse(text).map(|record| record.number).or(last);
    }
    Ok((size, last))
}
