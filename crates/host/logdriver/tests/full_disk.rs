//! A disk that is really full: a small tmpfs in a mount namespace of its own. Needs root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use logdriver::{Config, ReadOptions, Reader, Step, Stream, Trouble, Writer};

const DISK: &str = "GANTRY_TEST_SMALL_DISK";

#[test]
fn a_full_disk_costs_counted_lines_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("unshare")
        .args([
            "--mount",
            "sh",
            "-c",
            r#"mount -t tmpfs -o size=64k none "$1" && exec "$2" --ignored --exact on_a_small_disk"#,
            "sh",
        ])
        .args([dir.path(), &std::env::current_exe().unwrap()])
        .env(DISK, dir.path())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "runs in a mount namespace that the test above makes"]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK) else { return };
    let path = Path::new(&disk).join("log");
    let config = Config { path: path.clone(), max_size: 0, max_files: 1, first_number: None, attrs: BTreeMap::new() };
    let ballast = path.with_extension("ballast");
    fs::write(&ballast, [0; 16384]).unwrap();
    let mut writer = Writer::open(config).unwrap();
    let mut troubles = Vec::new();
    for n in 0..2000 {
        writer.write(Stream::Stdout, format!("line {n} {}\n", "x".repeat(n % 100)).as_bytes(), n as i64);
        troubles.extend(writer.troubles());
        if n == 1500 {
            fs::remove_file(&ballast).unwrap();
        }
    }
    let lost = match &troubles[..] {
        [Trouble::Began(error), Trouble::Over { lost }, ..] => {
            assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            *lost
        }
        other => panic!("{other:?}"),
    };
    let (mut lines, mut notices) = (Vec::new(), Vec::new());
    let mut reader = Reader::open(&path, ReadOptions::all()).unwrap();
    loop {
        match reader.step().unwrap() {
            Step::Entry(entry) => {
                let line = String::from_utf8(entry.line).unwrap();
                if line.starts_with("gantry: ") { notices.push(line) } else { lines.push(line) }
            }
            Step::End => break,
            other => panic!("damage: {other:?}"),
        }
    }
    assert!(notices[0].starts_with(&format!("gantry: {lost} log lines are missing here")), "{notices:?}");
    let number = |line: &String| line.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
    let gap = lines.windows(2).find(|pair| number(&pair[1]) != number(&pair[0]) + 1).unwrap();
    assert_eq!(number(&gap[1]) - number(&gap[0]) - 1, lost);
}
