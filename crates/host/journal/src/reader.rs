//! Those who read.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Record;
use crate::segment::{self, Segment};

/// Clocks may go backwards a little between two records.
const SLACK: Duration = Duration::from_secs(3600);

/// Reads a journal from some place on.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    /// The number of the next record.
    next: u64,
    open: Option<(Segment, BufReader<File>)>,
    /// The beginning of a line whose end was not there yet.
    begun: Vec<u8>,
}

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The next record.
    Record(Record),
    /// So many records are gone: there was no room for them, or they were damaged.
    Lost(u64),
}

impl Reader {
    /// Reads from the record with this number on.
    pub fn from_number(folder: &Path, number: u64) -> Self {
        Self { folder: folder.to_owned(), next: number.max(1), open: None, begun: Vec::new() }
    }

    /// Reads from the first record on that is of `time` or later. Where the clock was set back, earlier ones may follow.
    ///
    /// # Errors
    /// As of the file system.
    pub fn from_time(folder: &Path, time: i64) -> io::Result<Self> {
        let all = segment::list(folder)?;
        let ended_before = |segment: &Segment| {
            let written = std::fs::metadata(&segment.path).and_then(|meta| meta.modified());
            let written = written.unwrap_or(SystemTime::now()) + SLACK;
            let written = written.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            i64::try_from(written).unwrap_or(i64::MAX) < time
        };
        let from = all.iter().find(|segment| !ended_before(segment)).or(all.last());
        let mut reader = Self::from_number(folder, from.map_or(1, |segment| segment.first));
        while let Some(step) = reader.step()? {
            if let Step::Record(record) = step
                && record.time >= time
            {
                reader.next = record.number;
                reader.begun = segment::write(&record).into_bytes();
                break;
            }
        }
        Ok(reader)
    }

    /// The number of the record that comes next.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// The next record; nothing where none is there yet.
    ///
    /// # Errors
    /// As of the file system.
    pub fn step(&mut self) -> io::Result<Option<Step>> {
        loop {
            if self.open.is_none() && !self.find()? {
                return Ok(None);
            }
            let Some(line) = self.line()? else {
                // The end of a file that has a successor is the end of all that it will have.
                if !self.has_successor()? {
                    return Ok(None);
                }
                if let Some(line) = self.line()? {
                    if let Some(step) = self.take(&line) {
                        return Ok(Some(step));
                    }
                    continue;
                }
                self.open = None;
                self.begun.clear();
                continue;
            };
            if let Some(step) = self.take(&line) {
                return Ok(Some(step));
            }
        }
    }

    /// A line as what it means to somebody who waits for `next`; nothing for what is older, or no record.
    fn take(&mut self, line: &[u8]) -> Option<Step> {
        let record = segment::parse(line)?;
        if record.number < self.next {
            return None;
        }
        if record.number > self.next {
            let lost = record.number - self.next;
            self.next = record.number;
            // It is read once more.
            self.begun = [line, b"\n"].concat();
            return Some(Step::Lost(lost));
        }
        self.next += 1;
        Some(Step::Record(record))
    }

    /// Opens the file that holds the next record, or the oldest one after it.
    fn find(&mut self) -> io::Result<bool> {
        let mut all = segment::list(&self.folder)?;
        let place = all.iter().rposition(|segment| segment.first <= self.next).unwrap_or(0);
        if all.is_empty() {
            return Ok(false);
        }
        let segment = all.swap_remove(place);
        match File::open(&segment.path) {
            Ok(file) => {
                self.open = Some((segment, BufReader::new(file)));
                Ok(true)
            }
            // It has just gone; the next look finds what is there now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A whole line without its end; nothing where there is none yet.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some((_, file)) = &mut self.open else { return Ok(None) };
        if self.begun.last() != Some(&b'\n') {
            file.read_until(b'\n', &mut self.begun)?;
        }
        if self.begun.pop_if(|last| *last == b'\n').is_none() {
            return Ok(None);
        }
        Ok(Some(std::mem::take(&mut self.begun)))
    }

    /// Whether a file was begun after the one that is open.
    fn has_successor(&self) -> io::Result<bool> {
        let Some((open, _)) = &self.open else { return Ok(false) };
        Ok(segment::list(&self.folder)?.iter().any(|segment| segment.first > open.first))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;
    use crate::{Journal, Limits};

    fn all(reader: &mut Reader) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(step) = reader.step().unwrap() {
            seen.push(match step {
                Step::Record(record) => record.text,
                Step::Lost(count) => format!("lost {count}"),
            });
        }
        seen
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn records_are_numbered_over_restarts_and_read_from_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Journal::open(folder.path(), Limits::default()).unwrap();
        let mut reader = Reader::from_number(folder.path(), 1);
        assert_eq!(all(&mut reader), Vec::<String>::new(), "nothing is there");
        assert_eq!((open().append(5, "one").unwrap(), open().append(6, "two\twith a tab").unwrap()), (1, 2));
        assert_eq!(all(&mut reader), ["one", "two\twith a tab"]);
        let mut journal = open();
        assert_eq!(journal.last(), 2);
        journal.append(7, "three").unwrap();
        assert_eq!(all(&mut reader), ["three"]);
        assert_eq!(all(&mut Reader::from_number(folder.path(), 2)), ["two\twith a tab", "three"]);
        let from = |time| all(&mut Reader::from_time(folder.path(), time).unwrap());
        assert_eq!((from(6), from(0).len(), from(8).len()), (vec!["two\twith a tab".into(), "three".into()], 3, 0));
    }

    #[test]
    fn the_oldest_go_and_who_reads_slowly_is_told_how_many_it_missed() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), Limits { file: 100, files: 3 }).unwrap();
        let mut slow = Reader::from_number(folder.path(), 1);
        let text = "x".repeat(40);
        journal.append(1, &text).unwrap();
        assert!(matches!(slow.step().unwrap(), Some(Step::Record(_))));
        for time in 2..=20 {
            journal.append(time, &text).unwrap();
            assert!(files(folder.path()) <= 3);
        }
        // What it has open it can read to its end.
        let seen = all(&mut slow);
        let lost: u64 = seen.iter().filter_map(|line| line.strip_prefix("lost ")?.parse::<u64>().ok()).sum();
        let read = seen.iter().filter(|line| line.starts_with('x')).count() as u64;
        assert_eq!(lost + read, 19, "{seen:?}");
        assert!(lost > 0 && read >= 4, "{seen:?}");
        drop(journal);
        let mut journal = Journal::open(folder.path(), Limits { file: 100, files: 3 }).unwrap();
        assert_eq!(journal.append(21, "on").unwrap(), 21);
        assert_eq!(all(&mut slow), ["on"]);
    }

    #[test]
    fn half_a_record_is_none_and_spoils_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("00000000000000000001.log");
        for torn in ["2\t7\thal", "2", "\0\0\0\0", "no record\n"] {
            let _ = fs::remove_file(&path);
            let mut journal = Journal::open(folder.path(), Limits::default()).unwrap();
            journal.append(1, "whole").unwrap();
            fs::File::options().append(true).open(&path).unwrap().write_all(torn.as_bytes()).unwrap();
            let mut reader = Reader::from_number(folder.path(), 1);
            assert_eq!(all(&mut reader), ["whole"], "{torn:?}");
            let mut journal = Journal::open(folder.path(), Limits::default()).unwrap();
            journal.append(2, "next").unwrap();
            assert_eq!(all(&mut Reader::from_number(folder.path(), 1)), ["whole", "next"], "{torn:?}");
        }
    }

    #[test]
    fn damage_in_the_middle_costs_only_what_it_covers() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), Limits { file: 60, files: 9 }).unwrap();
        for time in 0..6 {
            journal.append(time, &format!("text {time}")).unwrap();
        }
        let first = folder.path().join("00000000000000000001.log");
        let mut bytes = fs::read(&first).unwrap();
        let at = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        bytes[at..at + 3].fill(0);
        fs::write(&first, bytes).unwrap();
        assert_eq!(
            all(&mut Reader::from_number(folder.path(), 1)),
            ["text 0", "lost 1", "text 2", "text 3", "text 4", "text 5"]
        );
    }
}
