//! How fast the log is written and read: `cargo test --release -p logdriver --test speed -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::time::Instant;

use logdriver::{Config, ReadOptions, Reader, Step, Stream, Writer};

const MEGABYTES: usize = 256;

#[test]
#[ignore = "a measurement"]
fn megabytes_in_a_second() {
    for width in [20, 100, 1000] {
        // On a file system in memory, to see the driver and not the disk.
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = dir.path().join("log");
        let config = Config {
            path: path.clone(),
            max_size: 512 << 20,
            max_files: 1,
            first_number: None,
            attrs: BTreeMap::new(),
        };
        let mut writer = Writer::open(config).unwrap();
        let mut line = "The quick brown fox jumps over \"the\" lazy dog. ".repeat(width / 47 + 1);
        line.truncate(width - 1);
        let chunk = (line + "\n").repeat(65536 / width);
        let start = Instant::now();
        for n in 0..MEGABYTES * 16 {
            writer.write(Stream::Stdout, chunk.as_bytes(), n as i64 * 1_000_000);
        }
        report("write", width, start);
        let mut reader = Reader::open(&path, ReadOptions::all()).unwrap();
        let (start, mut bytes) = (Instant::now(), 0);
        while let Step::Entry(entry) = reader.step().unwrap() {
            bytes += entry.line.len();
        }
        println!("read {width}: {:.0} MB/s", bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
    }
}

fn report(what: &str, width: usize, start: Instant) {
    println!("{what} {width}: {:.0} MB/s", MEGABYTES as f64 * 1.048 / start.elapsed().as_secs_f64());
}
