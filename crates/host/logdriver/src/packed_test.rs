use std::collections::BTreeMap;

use super::*;
use crate::{Config, ReadOptions, Reader, Step, Stream, Writer};

struct Bench {
    dir: tempfile::TempDir,
    writer: Writer,
    printed: u64,
}

impl Bench {
    fn new(max_size: u64, max_files: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let config = Config { path, max_size, max_files, first_number: Some(1), attrs: BTreeMap::new() };
        Self { dir, writer: Writer::open(config).unwrap(), printed: 0 }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("log")
    }

    fn print(&mut self, count: u64) {
        for _ in 0..count {
            self.printed += 1;
            self.writer.write(Stream::Stdout, format!("line {}\n", self.printed).as_bytes(), 0);
        }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn numbers(&self, options: ReadOptions) -> Vec<u64> {
        numbers(&mut Reader::open(&self.path(), options).unwrap())
    }
}

fn numbers(reader: &mut Reader) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        match reader.step().unwrap() {
            Step::Entry(entry) => found.extend(entry.number),
            Step::Skipped { .. } => {}
            Step::Idle | Step::End => return found,
        }
    }
}

#[test]
fn packed_files_are_read_like_the_others() {
    let mut bench = Bench::new(2000, 4);
    bench.print(60);
    let before = bench.numbers(ReadOptions::all());
    assert_eq!(pack(&bench.path()).unwrap(), bench.names().len() - 1);
    assert!(bench.names()[1..].iter().all(|name| name.ends_with(".gz")), "{:?}", bench.names());
    assert_eq!(bench.numbers(ReadOptions::all()), before);
    for count in [0, 1, 20, 30, before.len() as u64 - 1, 1000] {
        let expected = &before[before.len().saturating_sub(count as usize)..];
        assert_eq!(bench.numbers(ReadOptions { tail: Some(count), ..ReadOptions::all() }), expected, "{count}");
    }
    for after in 0..60 {
        let expected: Vec<_> = before.iter().copied().filter(|&number| number > after).collect();
        assert_eq!(bench.numbers(ReadOptions { after: Some(after), ..ReadOptions::all() }), expected, "{after}");
    }
    assert_eq!(crate::last_number(&bench.path()).unwrap(), Some(60));
    // Everything is rotated on, and the oldest goes.
    bench.print(60);
    let after = bench.numbers(ReadOptions::all());
    assert_eq!(after, Vec::from_iter(after[0]..=120));
    assert_eq!(bench.names().len(), 4);
    assert_eq!(pack(&bench.path()).unwrap(), 3);
    assert_eq!(pack(&bench.path()).unwrap(), 0);
}

#[test]
fn a_follower_sees_every_line_once_while_files_are_packed_behind_it() {
    let mut bench = Bench::new(900, 6);
    let mut reader = Reader::open(&bench.path(), ReadOptions { follow: true, ..ReadOptions::all() }).unwrap();
    let mut seen = Vec::new();
    for step in [1, 9, 30, 2, 25, 40].into_iter().cycle().take(60) {
        bench.print(step);
        pack(&bench.path()).unwrap();
        seen.extend(numbers(&mut reader));
    }
    assert_eq!(seen, Vec::from_iter(1..=bench.printed));
}

#[test]
fn zcat_reads_it() {
    let mut bench = Bench::new(3 << 20, 2);
    bench.print(40_000);
    let text = fs::read(files::name(&bench.path(), 1)).unwrap();
    assert!(text.len() > 2 * MEMBER);
    pack(&bench.path()).unwrap();
    let output = std::process::Command::new("zcat").arg(files::packed_name(&bench.path(), 1)).output().unwrap();
    assert!(output.status.success() && output.stdout == text);
}

#[test]
fn damage_costs_the_members_that_it_hits() {
    let mut bench = Bench::new(3 << 20, 2);
    bench.print(40_000);
    let text = fs::read(files::name(&bench.path(), 1)).unwrap();
    let lines = memchr::memchr_iter(b'\n', &text).count();
    pack(&bench.path()).unwrap();
    let packed = fs::read(files::packed_name(&bench.path(), 1)).unwrap();
    let members = memchr::memmem::find_iter(&packed, &MAGIC).filter(|&at| header(&packed[at..]).is_some()).count();
    assert!(members > 5, "{members}");
    let whole = bench.numbers(ReadOptions::all()).len();
    for part in 0..8 {
        let (from, to) = (packed.len() * part / 8, packed.len() * part / 8 + 100);
        let zeroed = [&packed[..from], &[0; 100], &packed[to..]].concat();
        let cut = [&packed[..from], &packed[to..]].concat();
        for damaged in [zeroed, cut, packed[..from].to_vec()] {
            let is_end = damaged.len() == from;
            fs::write(files::packed_name(&bench.path(), 1), &damaged).unwrap();
            let found = bench.numbers(ReadOptions::all());
            assert!(found.is_sorted());
            let lost = whole - found.len();
            let bound = if is_end { lines } else { 2 * lines / members + 2 };
            assert!(lost > 0 && lost <= bound, "{part}: {lost} of {lines} in {members}");
        }
    }
}

#[test]
fn what_a_killed_packer_left_is_packed_anew() {
    let mut bench = Bench::new(900, 3);
    bench.print(30);
    let plain = fs::read(files::name(&bench.path(), 1)).unwrap();
    let before = bench.numbers(ReadOptions::all());
    // Killed after the rename, and while it wrote.
    fs::write(files::packed_name(&bench.path(), 1), &plain[..9]).unwrap();
    fs::write(files::with_suffix(&bench.path(), ".packing"), "half").unwrap();
    assert_eq!(bench.numbers(ReadOptions::all()), before);
    pack(&bench.path()).unwrap();
    assert_eq!(bench.numbers(ReadOptions::all()), before);
    assert_eq!(bench.names(), ["log", "log.1.gz", "log.2.gz"]);
}

#[test]
fn a_packed_file_is_not_taken_for_a_newer_one_of_its_number() {
    let mut bench = Bench::new(0, 3);
    bench.print(10);
    let text = fs::read(bench.path()).unwrap();
    let middle = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(4).unwrap().0 + 1;
    let identity = Identity::of(&File::open(bench.path()).unwrap()).unwrap();
    let mut packed = File::create(files::packed_name(&bench.path(), 1)).unwrap();
    write_member(&text[..middle], &mut packed, identity, 0).unwrap();
    // The writer was killed between two renames: there is no current file until the next one begins.
    let aside = bench.dir.path().join("aside");
    fs::rename(bench.path(), &aside).unwrap();
    fs::write(&aside, &text[middle..]).unwrap();
    let mut reader = Reader::open(&bench.path(), ReadOptions { follow: true, ..ReadOptions::all() }).unwrap();
    assert_eq!(numbers(&mut reader), [1, 2, 3, 4, 5]);
    fs::rename(&aside, bench.path()).unwrap();
    assert_eq!(numbers(&mut reader), [6, 7, 8, 9, 10]);
}

#[test]
fn writer_packer_and_reader_go_on_beside_one_another() {
    let mut bench = Bench::new(4000, 1000);
    let path = bench.path();
    let reader = Reader::open(&path, ReadOptions { follow: true, ..ReadOptions::all() }).unwrap();
    let (follower, finish) = crate::Follower::new(reader).unwrap();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let seen = scope.spawn(|| {
            let entry = |step: io::Result<Step>| match step.unwrap() {
                Step::Entry(entry) => entry.number,
                other => panic!("{other:?}"),
            };
            follower.filter_map(entry).collect::<Vec<_>>()
        });
        let packer = scope.spawn(|| {
            let mut count = 0;
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                count += pack(&path).unwrap();
            }
            count
        });
        for _ in 0..200 {
            bench.print(50);
        }
        finish.finish();
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(packer.join().unwrap() > 0);
        assert_eq!(seen.join().unwrap(), Vec::from_iter(1..=bench.printed));
    });
    assert_eq!(bench.numbers(ReadOptions::all()), Vec::from_iter(1..=bench.printed));
}
