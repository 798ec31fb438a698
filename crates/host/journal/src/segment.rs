//! The files of a journal, and the lines in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Record;

/// A file by the number of its first record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub first: u64,
    pub path: PathBuf,
}

impl Segment {
    pub fn new(folder: &Path, first: u64) -> Self {
        Self { first, path: folder.join(format!("{first:020}.log")) }
    }
}

/// All files of a journal, the oldest first. What is not a journal's is left alone.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
        let first = name.filter(|name| name.len() == 20).and_then(|name| name.parse().ok());
        all.extend(first.map(|first| Segment { first, path }));
    }
    all.sort_unstable();
    Ok(all)
}

/// A record as a line.
pub(crate) fn write(record: &Record) -> String {
    let Record { number, time, text } = record;
    format!("{number}\t{time}\t{text}\n")
}

/// A line as a record; nothing where it is none.
pub(crate) fn parse(line: &[u8]) -> Option<Record> {
    let mut parts = std::str::from_utf8(line).ok()?.splitn(3, '\t');
    let number = parts.next()?.parse().ok()?;
    let time = parts.next()?.parse().ok()?;
    Some(Record { number, time, text: parts.next()?.to_owned() })
}
