//! The log files of containers: their bounds, their packing, and what of them is shown.

use std::fs;
use std::path::PathBuf;

use testkit::{Host, eventually};

use crate::bench::Bench;

/// Where the log files of a container are.
fn folder(bench: &Bench, id: &str) -> PathBuf {
    bench.daemon.data_root().join("containers").join(id).join("local-logs")
}

/// Names and sizes of a container's log files.
fn files(folder: &PathBuf, part: &str) -> Vec<(String, u64)> {
    let entries = fs::read_dir(folder).expect("read the folder").flatten();
    let files =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().map_or(0, |m| m.len())));
    let mut files: Vec<_> = files.filter(|(name, _)| name.contains(part)).collect();
    files.sort();
    files
}

/// Prints numbered lines of a hundred bytes, after the daemon's client has left.
fn print(bench: &Bench, options: &[&str], count: u32) -> String {
    let script = format!("yes {} | head -n {count} | cat -n", "x".repeat(92));
    let id = bench.run(&[&["-d"], options].concat(), &script).success();
    bench.gantry().ok(&["wait", &id]);
    id
}

/// The numbers of what `logs` shows.
fn shown(bench: &Bench, options: &[&str], id: &str) -> Vec<u32> {
    let text = bench.gantry().ok(&[&["logs"], options, &[id]].concat());
    text.lines().map(|line| line.split_whitespace().next().and_then(|n| n.parse().ok()).expect(line)).collect()
}

#[test]
fn local_logs_are_rotated_packed_and_read_back() {
    let bench = Bench::new();
    let options = ["--log-driver", "local", "--log-opt", "max-size=100k", "--log-opt", "max-file=4"];
    let id = print(&bench, &options, 5000);
    let packed = eventually("the rotated files to be packed", || {
        Some(files(&folder(&bench, &id), "container.log")).filter(|files| {
            files.iter().map(|(name, _)| name.as_str()).eq([
                "container.log",
                "container.log.1.gz",
                "container.log.2.gz",
                "container.log.3.gz",
            ])
        })
    });
    assert!(packed.iter().all(|&(_, size)| size < 110 << 10), "{packed:?}");
    assert!(packed[1..].iter().all(|&(_, size)| size < 30 << 10), "{packed:?}");
    let all = shown(&bench, &[], &id);
    assert!(all.len() > 1500, "{}", all.len());
    assert_eq!(all, Vec::from_iter(5001 - all.len() as u32..=5000));
    for count in [1, 700, 1500] {
        assert_eq!(shown(&bench, &["--tail", &count.to_string()], &id), Vec::from_iter(5001 - count..=5000));
    }
    // A destroyed part of a packed file costs some lines of it.
    let path = folder(&bench, &id).join("container.log.2.gz");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0);
    fs::write(&path, bytes).unwrap();
    let rest = shown(&bench, &[], &id);
    assert!(rest.len() < all.len() && rest.len() > all.len() * 2 / 3 - 10, "{} of {}", rest.len(), all.len());
    assert!(rest.is_sorted() && rest.last() == Some(&5000));
    assert_eq!(bench.gantry().ok(&["inspect", "-f", "{{.LogPath}}|{{.HostConfig.LogConfig.Type}}", &id]), "|local");
}

#[test]
fn a_log_without_options_has_a_bound() {
    let bench = Bench::new();
    let script = "head -c 160000000 /dev/zero | tr '\\0' x | fold -w 4000";
    let id = bench.run(&["-d"], script).success();
    assert_eq!(bench.gantry().ok(&["wait", &id]), "0");
    let log = PathBuf::from(bench.gantry().ok(&["inspect", "-f", "{{.LogPath}}", &id]));
    let files = files(&log.parent().unwrap().to_owned(), "-json.log");
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    assert!(files.len() == 5 && total > 70 << 20 && total <= 101 << 20, "{total} in {files:?}");
}

#[test]
fn json_file_options_are_docker_s() {
    let bench = Bench::new();
    let options = [
        "--log-opt",
        "max-size=50k",
        "--log-opt",
        "max-file=3",
        "--log-opt",
        "compress=true",
        "--log-opt",
        "labels-regex=^com",
        "--log-opt",
        "env=A",
        "--log-opt",
        "tag={{.Name}}/{{upper .ImageName | printf \"%.9s\"}}",
        "--label",
        "com.x=1",
        "--label",
        "other=2",
        "-e",
        "A=b",
        "--name",
        "web",
    ];
    let id = print(&bench, &options, 2000);
    let log = PathBuf::from(bench.gantry().ok(&["inspect", "-f", "{{.LogPath}}", &id]));
    let folder = log.parent().unwrap().to_owned();
    eventually("the rotated files to be packed", || {
        let names = files(&folder, "-json.log").into_iter().map(|(name, _)| name.contains(".gz")).collect::<Vec<_>>();
        (names == [false, true, true]).then_some(())
    });
    let last = fs::read_to_string(&log).unwrap();
    assert!(last.contains(r#""attrs":{"A":"b","com.x":"1","tag":"web/127.0.0.1"},"time":""#), "{last}");
    assert_eq!(shown(&bench, &["--tail", "400"], &id), Vec::from_iter(1601..=2000));
    let details = bench.gantry().ok(&["logs", "--details", "--tail", "1", &id]);
    assert!(details.starts_with("A=b,com.x=1,tag=web%2F127.0.0.1"), "{details}");
}

#[test]
fn the_daemon_s_defaults_are_for_its_default_driver() {
    let bench = Bench::on(Host::new(), &["--log-driver", "local", "--log-opt", "max-size=3m"]);
    let client = bench.gantry();
    assert_eq!(client.ok(&["info", "-f", "{{.LoggingDriver}}"]), "local");
    let drivers = "[fluentd gelf journald json-file local splunk syslog]";
    assert_eq!(client.ok(&["info", "-f", "{{.Plugins.Log}}"]), drivers);
    for (driver, config) in [("", "map[max-size:3m]"), ("local", "map[max-size:3m]"), ("json-file", "map[]")] {
        let id = client.ok(&["create", "--log-driver", driver, &bench.image]);
        assert_eq!(client.ok(&["inspect", "-f", "{{.HostConfig.LogConfig.Config}}", &id]), config, "{driver}");
    }
}
