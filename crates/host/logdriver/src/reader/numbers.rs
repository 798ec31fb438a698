//! Finds places by the numbers of records.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::chain::Source;
use super::{BLOCK, ReadOptions, Reader, Step, record};

/// Among so many of the last records the last number is looked for: some of them may be damaged.
const LAST: u64 = 1000;

/// Drops the files of which all records have numbers up to `after`, as far as the files' first records tell.
pub(super) fn keep_after(sources: &mut VecDeque<Source>, after: u64) -> io::Result<()> {
    for index in (1..sources.len()).rev() {
        if first_number(&mut sources[index])?.is_some_and(|first| first <= after.saturating_add(1)) {
            sources.drain(..index);
            break;
        }
    }
    Ok(())
}

/// The number of the first whole record at the beginning of a file.
fn first_number(source: &mut Source) -> io::Result<Option<u64>> {
    let mut block = vec![0; BLOCK];
    let count = source.read_at(&mut block, 0)?;
    let mut lines = block[..count].split_inclusive(|&byte| byte == b'\n');
    Ok(lines.find_map(|line| match record::read(line.strip_suffix(b"\n")?) {
        record::Read::Whole(entry) => entry.number,
        _ => None,
    }))
}

/// The number of the last record of a log; `None` where none is found near its end.
pub fn last_number(path: &Path) -> io::Result<Option<u64>> {
    let mut reader = Reader::open(path, ReadOptions { tail: Some(LAST), ..ReadOptions::all() })?;
    let mut last = None;
    loop {
        match reader.step()? {
            Step::Entry(entry) => last = last.max(entry.number),
            Step::Skipped { .. } | Step::Idle => {}
            Step::End => return Ok(last),
        }
    }
}
