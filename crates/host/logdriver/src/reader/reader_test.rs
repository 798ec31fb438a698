use super::*;
use crate::files;
use crate::writer::{Config, Writer};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

struct Bench {
    dir: tempfile::TempDir,
    writer: Writer,
}

impl Bench {
    fn new(max_size: u64, max_files: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let writer =
            Writer::open(Config { path, max_size, max_files, first_number: None, attrs: BTreeMap::new() }).unwrap();
        Self { dir, writer }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Prints `line <n>` at second n, on standard error where n is odd.
    fn print(&mut self, numbers: std::ops::Range<i64>) {
        for n in numbers {
            let stream = if n % 2 == 1 { Stream::Stderr } else { Stream::Stdout };
            self.writer.write(stream, format!("line {n}\n").as_bytes(), n * 1_000_000_000);
        }
    }

    fn reader(&self, options: ReadOptions) -> Reader {
        Reader::open(&self.path(), options).unwrap()
    }

    fn numbers(&self, options: ReadOptions) -> Vec<i64> {
        numbers(&mut self.reader(options))
    }
}

/// The numbers of the lines up to `Idle` or `End`.
fn numbers(reader: &mut Reader) -> Vec<i64> {
    let (entries, skipped) = drain(reader);
    assert_eq!(skipped, 0);
    entries
}

fn drain(reader: &mut Reader) -> (Vec<i64>, u64) {
    let (mut found, mut skipped) = (Vec::new(), 0);
    loop {
        match reader.step().unwrap() {
            Step::Entry(entry) => {
                let text = String::from_utf8(entry.line).unwrap();
                // Where a cut has joined two records into one that is well-formed, it says something else.
                found.push(text.trim().strip_prefix("line ").and_then(|number| number.parse().ok()).unwrap_or(-1));
            }
            Step::Skipped { bytes } => skipped += bytes,
            Step::Idle | Step::End => return (found, skipped),
        }
    }
}

#[test]
fn choices_are_docker_s() {
    let mut bench = Bench::new(300, 4);
    bench.print(0..10);
    assert!(bench.dir.path().join("log.1").exists());
    let all = ReadOptions::all();
    assert_eq!(bench.numbers(all), Vec::from_iter(0..10));
    assert_eq!(bench.numbers(ReadOptions { stderr: false, ..all }), [0, 2, 4, 6, 8]);
    assert_eq!(bench.numbers(ReadOptions { since: Some(7_000_000_000), ..all }), [7, 8, 9]);
    assert_eq!(bench.numbers(ReadOptions { until: Some(2_000_000_000), ..all }), [0, 1, 2]);
    for count in 0..12 {
        let expected = Vec::from_iter((10 - count.min(10))..10);
        assert_eq!(bench.numbers(ReadOptions { tail: Some(count as u64), ..all }), expected, "{count}");
    }
    assert_eq!(bench.numbers(ReadOptions { tail: Some(3), stdout: false, ..all }), [7, 9]);
}

#[test]
fn a_tail_of_long_lines_is_found_over_many_blocks() {
    let mut bench = Bench::new(0, 1);
    bench.print(0..5000);
    for count in [1, 500, 999, 4999] {
        let options = ReadOptions { tail: Some(count as u64), ..ReadOptions::all() };
        assert_eq!(bench.numbers(options), Vec::from_iter(5000 - count..5000));
    }
}

#[test]
fn a_log_without_file_is_empty_and_is_followed_from_its_birth() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    assert_eq!(Reader::open(&path, ReadOptions::all()).unwrap().step().unwrap(), Step::End);
    let mut reader = Reader::open(&path, ReadOptions { follow: true, ..ReadOptions::all() }).unwrap();
    assert_eq!(reader.step().unwrap(), Step::Idle);
    let mut writer =
        Writer::open(Config { path, max_size: 0, max_files: 1, first_number: None, attrs: BTreeMap::new() }).unwrap();
    writer.write(Stream::Stdout, b"line 1\n", 0);
    assert_eq!(numbers(&mut reader), [1]);
    reader.finish();
    assert_eq!(reader.step().unwrap(), Step::End);
}

#[test]
fn a_follower_sees_every_line_once_whatever_rotates_under_it() {
    for max_files in [1, 2, 5] {
        let mut bench = Bench::new(1000, max_files);
        let mut reader = bench.reader(ReadOptions { follow: true, ..ReadOptions::all() });
        let mut seen = Vec::new();
        // Some steps rotate; none more than once, which a log of one file could not bear.
        for step in [1, 3, 10, 2, 11, 7, 1, 12, 5, 9].iter().cycle().take(200) {
            let from = seen.len() as i64;
            bench.print(from..from + step);
            seen.extend(numbers(&mut reader));
        }
        assert_eq!(seen, Vec::from_iter(0..seen.len() as i64));
    }
}

#[test]
fn a_reader_left_behind_goes_on_at_the_oldest_file() {
    let mut bench = Bench::new(300, 2);
    bench.print(0..2);
    let mut reader = bench.reader(ReadOptions { follow: true, ..ReadOptions::all() });
    assert_eq!(numbers(&mut reader), [0, 1]);
    bench.print(2..60);
    let rest = numbers(&mut reader);
    assert_eq!(rest.last(), Some(&59));
    assert!(rest.windows(2).all(|pair| pair[0] < pair[1]), "{rest:?}");
}

#[test]
fn an_emptied_file_is_read_from_its_start() {
    let mut bench = Bench::new(0, 1);
    let mut reader = bench.reader(ReadOptions { follow: true, ..ReadOptions::all() });
    bench.print(0..5);
    assert_eq!(numbers(&mut reader), [0, 1, 2, 3, 4]);
    fs::OpenOptions::new().write(true).open(bench.path()).unwrap().set_len(0).unwrap();
    bench.print(5..6);
    assert_eq!(numbers(&mut reader), [5]);
}

#[test]
fn half_a_line_is_waited_for() {
    let bench = Bench::new(0, 1);
    let record = br#"{"log":"line 4\n","stream":"stdout","time":"2024-01-01T00:00:00Z"}"#;
    let mut file = fs::OpenOptions::new().append(true).open(bench.path()).unwrap();
    let mut reader = bench.reader(ReadOptions { follow: true, ..ReadOptions::all() });
    for part in record.chunks(9) {
        assert_eq!(reader.step().unwrap(), Step::Idle);
        file.write_all(part).unwrap();
    }
    // Whole, but the newline may still come.
    assert_eq!(reader.step().unwrap(), Step::Idle);
    assert_eq!(bench.numbers(ReadOptions::all()), [4]);
    file.write_all(b"\n").unwrap();
    assert_eq!(numbers(&mut reader), [4]);
}

/// Whatever part of the file is zeroed, cut out or overwritten, every record outside of it is still read, and as many
/// bytes are reported as do not belong to one.
#[test]
fn damage_costs_only_what_it_hits() {
    let mut bench = Bench::new(0, 1);
    bench.print(0..20);
    let good = fs::read(bench.path()).unwrap();
    let ends: Vec<_> = memchr::memchr_iter(b'\n', &good).map(|at| at + 1).collect();
    let starts: Vec<_> = [0].into_iter().chain(ends.iter().copied()).collect();
    for from in (0..good.len() - 1).step_by(7) {
        for length in [1, 5, 90, 333] {
            let to = (from + length).min(good.len());
            let whole: Vec<i64> = (0..20).filter(|&n| ends[n as usize] <= from || starts[n as usize] >= to).collect();
            let zeroed = [&good[..from], &vec![0; to - from], &good[to..]].concat();
            let garbage = [&good[..from], &vec![b'{'; to - from], &good[to..]].concat();
            let cut = [&good[..from], &good[to..]].concat();
            for (how, text) in [("zeroed", zeroed), ("garbage", garbage), ("cut", cut)] {
                fs::write(bench.path(), text).unwrap();
                let (found, skipped) = drain(&mut bench.reader(ReadOptions::all()));
                let missing: Vec<_> = whole.iter().filter(|n| !found.contains(n)).collect();
                assert_eq!(missing, Vec::<&i64>::new(), "{how} {from}..{to}: {found:?}");
                assert!(skipped <= (to - from + 300) as u64, "{how} {from}..{to}: {skipped}");
            }
        }
    }
}

#[test]
fn a_hole_of_any_size_costs_no_memory() {
    let mut bench = Bench::new(0, 1);
    bench.print(0..2);
    let file = fs::OpenOptions::new().append(true).open(bench.path()).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length + (64 << 20)).unwrap();
    bench.print(2..4);
    let mut reader = bench.reader(ReadOptions::all());
    assert_eq!(drain(&mut reader), (vec![0, 1, 2, 3], 64 << 20));
    assert!(reader.buffer.capacity() < 1 << 20);
    // And of something that is not zero.
    let mut file = fs::OpenOptions::new().append(true).open(bench.path()).unwrap();
    file.write_all(&vec![b'x'; 9 << 20]).unwrap();
    bench.print(4..5);
    let mut reader = bench.reader(ReadOptions { tail: Some(1), ..ReadOptions::all() });
    assert_eq!(drain(&mut reader), (vec![4], 9 << 20));
    assert!(reader.buffer.capacity() < 4 << 20);
}

#[test]
fn a_thread_follows_a_writer_to_its_end() {
    let mut bench = Bench::new(2000, 3);
    let reader = bench.reader(ReadOptions { follow: true, ..ReadOptions::all() });
    let (follower, finish) = Follower::new(reader).unwrap();
    let thread = std::thread::spawn(move || {
        follower.filter(|step| matches!(step.as_ref().unwrap(), Step::Entry(entry) if !entry.line.is_empty())).count()
    });
    bench.print(0..10);
    finish.finish();
    assert_eq!(thread.join().unwrap(), 10);
    assert_eq!(files::list(&bench.path()).unwrap().len(), 1);
}
