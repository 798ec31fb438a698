//! Writes the log, at the speed of the container, and survives a full disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::entry::Stream;
use crate::files;
use crate::lines::{Lines, Piece};
use crate::stamp::Stamp;

/// Encoded records are written when there are this many bytes of them, and at the end of each call.
const BATCH: usize = 64 << 10;

/// Where and how to log.
#[derive(Clone, Debug)]
pub struct Config {
    /// The current file.
    pub path: PathBuf,
    /// Size in bytes at which it is rotated; 0 for never.
    pub max_size: u64,
    /// How many files there are at most, the current one included.
    pub max_files: u32,
    /// The number of the next record, where records are to be numbered: a gap then tells how many were lost.
    pub first_number: Option<u64>,
    /// What each record's `attrs` says.
    pub attrs: BTreeMap<String, String>,
}

/// What its owner should be told once. The log itself says it too, when it can again.
#[derive(Debug)]
pub enum Trouble {
    /// From here on lines are lost.
    Began(io::Error),
    /// The log is written again.
    Over {
        /// How many records were lost.
        lost: u64,
    },
}

/// The one writer of a log.
#[derive(Debug)]
pub struct Writer {
    config: Config,
    /// `"attrs":{…},` or nothing.
    attrs: Vec<u8>,
    /// `None` when it must be opened again first.
    file: Option<File>,
    /// The current file's size in bytes, as far as we have written it.
    size: u64,
    batch: Vec<u8>,
    batched: u64,
    lines: [Lines; 2],
    stamp: Stamp,
    /// The last time given to a record: no two share one.
    last: i64,
    lost: u64,
    /// The number of the next record, where they are numbered.
    number: Option<u64>,
    /// Whether the file may end in half a record.
    torn: bool,
    troubles: Vec<Trouble>,
}

impl Writer {
    /// Opens the log, after whatever is there already. A half-written last line (the machine or a former writer died)
    /// is ended, so that the next record stands on its own.
    pub fn open(config: Config) -> io::Result<Self> {
        let attrs = if config.attrs.is_empty() {
            Vec::new()
        } else {
            let mut text = br#""attrs":"#.to_vec();
            serde_json::to_writer(&mut text, &config.attrs)?;
            text.push(b',');
            text
        };
        let number = config.first_number;
        let mut writer = Self {
            config,
            attrs,
            file: None,
            size: 0,
            batch: Vec::new(),
            batched: 0,
            lines: Default::default(),
            stamp: Stamp::new(),
            last: i64::MIN,
            lost: 0,
            number,
            torn: false,
            troubles: Vec::new(),
        };
        writer.file()?;
        Ok(writer)
    }

    /// Logs what a stream has printed by `now` (nanoseconds since 1970); readers see each complete line at once.
    ///
    /// Never fails and never waits for space: what cannot be written is counted, see [`Writer::troubles`].
    pub fn write(&mut self, stream: Stream, bytes: &[u8], now: i64) {
        self.with_lines(stream, now, |lines, emit| lines.push(bytes, emit));
        self.flush(now);
    }

    /// Logs the streams' last lines, where they lack a newline. The streams have ended.
    pub fn finish(&mut self, now: i64) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.with_lines(stream, now, |lines, emit| lines.finish(emit));
        }
        self.flush(now);
    }

    /// What has gone wrong, or right again, since the last call.
    pub fn troubles(&mut self) -> Vec<Trouble> {
        std::mem::take(&mut self.troubles)
    }

    fn with_lines(
        &mut self,
        stream: Stream,
        now: i64,
        work: impl FnOnce(&mut Lines, &mut dyn FnMut(Piece<'_>) -> i64),
    ) {
        let mut lines = std::mem::take(&mut self.lines[stream.index()]);
        work(&mut lines, &mut |piece| self.record(stream, &piece, now));
        self.lines[stream.index()] = lines;
    }

    /// Adds one record to the batch; returns its time.
    fn record(&mut self, stream: Stream, piece: &Piece<'_>, now: i64) -> i64 {
        self.make_room(now);
        let time = piece.begun.unwrap_or_else(|| self.next_time(now));
        let end: &[u8] = if piece.ended { b"\n" } else { b"" };
        let number = self.next_number();
        let head = Head { stream, number, attrs: &self.attrs, time };
        encode(&mut self.batch, &mut self.stamp, &head, [piece.text, end]);
        self.batched += 1;
        time
    }

    fn next_time(&mut self, now: i64) -> i64 {
        self.last = now.max(self.last.saturating_add(1));
        self.last
    }

    fn next_number(&mut self) -> Option<u64> {
        let number = self.number;
        self.number = number.map(|number| number + 1);
        number
    }

    /// Writes the batch when it is full, and rotates when the file is, before a record is added.
    fn make_room(&mut self, now: i64) {
        let full = self.is_full();
        if full || self.batch.len() >= BATCH {
            self.flush(now);
        }
        if full {
            self.rotate();
        }
    }

    fn is_full(&self) -> bool {
        self.config.max_size > 0 && self.size + self.batch.len() as u64 >= self.config.max_size
    }

    /// Where this fails the current file goes on growing until it succeeds: a log that is too long beats lost lines.
    fn rotate(&mut self) {
        match files::rotate(&self.config.path, self.config.max_files) {
            Ok(file) => {
                self.file = Some(file);
                self.size = 0;
                self.torn = false;
            }
            Err(_) => self.file = None,
        }
    }

    fn flush(&mut self, now: i64) {
        if self.batch.is_empty() {
            return;
        }
        match self.write_batch(now) {
            Ok(()) => self.recovered(),
            Err(error) => self.failed(error),
        }
        self.batch.clear();
        self.batched = 0;
    }

    fn recovered(&mut self) {
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            self.troubles.push(Trouble::Over { lost });
        }
    }

    fn failed(&mut self, error: io::Error) {
        if self.lost == 0 {
            self.troubles.push(Trouble::Began(error));
        }
        self.lost += self.batched;
    }

    fn write_batch(&mut self, now: i64) -> io::Result<()> {
        self.file()?;
        if self.lost > 0 {
            let notice = self.notice(now);
            self.append(&notice)?;
        }
        let batch = std::mem::take(&mut self.batch);
        let result = self.append(&batch);
        self.batch = batch;
        result
    }

    /// The record that stands in the place of lost ones.
    fn notice(&mut self, now: i64) -> Vec<u8> {
        let text = format!("gantry: {} log lines are missing here: they could not be written\n", self.lost);
        let time = self.next_time(now);
        let number = self.next_number();
        let mut record = Vec::new();
        let head = Head { stream: Stream::Stderr, number, attrs: &self.attrs, time };
        encode(&mut record, &mut self.stamp, &head, [text.as_bytes(), b""]);
        record
    }

    /// Appends all of `bytes`, or takes back what it has appended.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        if self.torn {
            file.write_all(b"\n")?;
            self.size += 1;
            self.torn = false;
        }
        let mut written = 0;
        while written < bytes.len() {
            match file.write(&bytes[written..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) if count > 0 => written += count,
                result => {
                    self.torn = written > 0 && take_back(file, written).is_err();
                    return Err(result.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into()));
                }
            }
        }
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Opens the file where it is not open.
    fn file(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let file = files::append(&self.config.path)?;
            self.size = file.metadata()?.len();
            self.torn = !ends_with_newline(&file, self.size)?;
            self.file = Some(file);
        }
        Ok(())
    }
}

/// Cuts off the last `count` bytes. Asks for the size anew: somebody may have emptied the file meanwhile.
fn take_back(file: &File, count: usize) -> io::Result<()> {
    file.set_len(file.metadata()?.len().saturating_sub(count as u64))
}

fn ends_with_newline(file: &File, size: u64) -> io::Result<bool> {
    let mut last = [b'\n'];
    if size > 0 {
        file.read_exact_at(&mut last, size - 1)?;
    }
    Ok(last == *b"\n")
}

/// What a record says beside its text.
struct Head<'a> {
    stream: Stream,
    number: Option<u64>,
    /// `"attrs":{…},` or nothing.
    attrs: &'a [u8],
    time: i64,
}

/// Appends one record, in Docker's order of fields.
fn encode(out: &mut Vec<u8>, stamp: &mut Stamp, head: &Head<'_>, text: [&[u8]; 2]) {
    // The envelope, and the text where little of it is escaped: room is asked for once.
    out.reserve(100 + head.attrs.len() + text[0].len());
    out.extend_from_slice(br#"{"log":""#);
    text.into_iter().for_each(|part| crate::escape::push(out, part));
    out.extend_from_slice(match head.stream {
        Stream::Stdout => br#"","stream":"stdout","#,
        Stream::Stderr => br#"","stream":"stderr","#,
    });
    if let Some(number) = head.number {
        // Writing to memory does not fail.
        let _ = write!(out, r#""number":{number},"#);
    }
    out.extend_from_slice(head.attrs);
    out.extend_from_slice(br#""time":""#);
    stamp.push(out, head.time);
    out.extend_from_slice(b"\"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn config(dir: &tempfile::TempDir) -> Config {
        Config { path: dir.path().join("log"), max_size: 0, max_files: 1, first_number: None, attrs: BTreeMap::new() }
    }

    #[test]
    fn records_look_as_docker_s() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(config(&dir)).unwrap();
        writer.write(Stream::Stdout, b"one\ntwo <&>\nthr", 1_500_000_000);
        writer.write(Stream::Stderr, b"err\n", 1_000_000_000);
        writer.write(Stream::Stdout, b"ee\nrest", 2_000_000_000);
        writer.finish(3_000_000_000);
        let expected = concat!(
            r#"{"log":"one\n","stream":"stdout","time":"1970-01-01T00:00:01.5Z"}"#,
            "\n",
            r#"{"log":"two \u003c\u0026\u003e\n","stream":"stdout","time":"1970-01-01T00:00:01.500000001Z"}"#,
            "\n",
            r#"{"log":"err\n","stream":"stderr","time":"1970-01-01T00:00:01.500000002Z"}"#,
            "\n",
            r#"{"log":"three\n","stream":"stdout","time":"1970-01-01T00:00:02Z"}"#,
            "\n",
            r#"{"log":"rest","stream":"stdout","time":"1970-01-01T00:00:03Z"}"#,
            "\n"
        );
        assert_eq!(fs::read_to_string(dir.path().join("log")).unwrap(), expected);
    }

    #[test]
    fn attrs_stand_before_the_time_and_pieces_share_their_line_s_time() {
        let dir = tempfile::tempdir().unwrap();
        let attrs = BTreeMap::from([("k\"".to_owned(), "v".to_owned())]);
        let mut writer = Writer::open(Config { attrs, ..config(&dir) }).unwrap();
        writer.write(Stream::Stdout, &[b'x'; 16 << 10], 5);
        writer.write(Stream::Stdout, b"y\n", 9);
        let text = fs::read_to_string(dir.path().join("log")).unwrap();
        let second = text.lines().nth(1).unwrap();
        assert_eq!(
            second,
            r#"{"log":"y\n","stream":"stdout","attrs":{"k\"":"v"},"time":"1970-01-01T00:00:00.000000005Z"}"#
        );
        assert!(text.lines().next().unwrap().ends_with(r#"00:00.000000005Z"}"#));
    }

    #[test]
    fn rotation_comes_before_the_record_that_finds_the_file_full() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(Config { max_size: 200, max_files: 3, ..config(&dir) }).unwrap();
        let many: String = (0..100).map(|n| format!("line {n}\n")).collect();
        writer.write(Stream::Stdout, many.as_bytes(), 0);
        for age in 0..3 {
            let text = fs::read_to_string(files::name(&dir.path().join("log"), age)).unwrap();
            assert!(text.lines().count() <= 3 && text.ends_with('\n'), "{text}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        let last = fs::read_to_string(dir.path().join("log")).unwrap();
        assert!(last.contains("line 99"), "{last}");
    }

    #[test]
    fn a_half_written_last_line_is_ended_on_reopening() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("log"), "{\"log\":\"half").unwrap();
        let mut writer = Writer::open(config(&dir)).unwrap();
        writer.write(Stream::Stdout, b"whole\n", 0);
        let text = fs::read_to_string(dir.path().join("log")).unwrap();
        assert!(text.starts_with("{\"log\":\"half\n{\"log\":\"whole"), "{text}");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_the_log_says_so() {
        // A directory takes the file's place: as every write fails on a full disk, every open fails here.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut writer = Writer::open(config(&dir)).unwrap();
        writer.file = None;
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        writer.write(Stream::Stdout, b"a\nb\n", 0);
        writer.write(Stream::Stdout, b"c\n", 0);
        assert!(matches!(writer.troubles()[..], [Trouble::Began(_)]));
        fs::remove_dir(&path).unwrap();
        writer.write(Stream::Stdout, b"d\n", 0);
        assert!(matches!(writer.troubles()[..], [Trouble::Over { lost: 3 }]));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("gantry: 3 log lines are missing here"), "{text}");
        assert!(text.lines().last().unwrap().contains("d\\n"), "{text}");
    }

    #[test]
    fn a_full_disk_leaves_no_half_record() {
        // /dev/full refuses writes with ENOSPC, as a full disk does.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut writer = Writer::open(config(&dir)).unwrap();
        writer.write(Stream::Stderr, b"gone\n", 0);
        match &writer.troubles()[..] {
            [Trouble::Began(error)] => assert_eq!(error.kind(), io::ErrorKind::StorageFull),
            other => panic!("{other:?}"),
        }
        fs::remove_file(&path).unwrap();
        writer.file = None;
        writer.write(Stream::Stderr, b"back\n", 0);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    }
}
