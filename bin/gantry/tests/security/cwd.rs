//! A2 (CVE-2024-21626): no descriptor of the host is open in a container, and none is a way out of it.

use std::fs;

use serde_json::json;

use crate::archives::Tar;
use crate::bench::Bench;

/// Descriptors that a daemon, a shim or a stage might have left open.
const NUMBERS: std::ops::Range<u32> = 3..64;

/// What all engines say of such a directory.
const WORDS: &str = "chdir to cwd";

#[test]
fn a_container_s_directory_is_never_a_descriptor() {
    let bench = Bench::start();
    let links =
        NUMBERS.fold(Tar::new(), |tar, number| tar.symlink(&format!("l{number}"), &format!("/proc/self/fd/{number}")));
    bench.add("links", links, json!({}));
    for number in NUMBERS {
        for path in [format!("/proc/self/fd/{number}"), format!("/proc/1/fd/{number}"), format!("/l{number}")] {
            let body =
                json!({"Image": "links", "Cmd": ["ls"], "WorkingDir": path, "HostConfig": {"NetworkMode": "none"}});
            let id = bench.post("/containers/create", &body).field("Id");
            let message = bench.ask("POST", &format!("/containers/{id}/start")).refusal(400);
            assert!(message.contains(WORDS), "{path}: {message}");
            assert_eq!(bench.ask("DELETE", &format!("/containers/{id}")).status, 204);
        }
    }
    // And as people do it.
    let message = bench.gantry.fails(125, &["run", "--rm", "-w", "/proc/self/fd/7", "busybox", "ls"]);
    assert!(message.contains(WORDS), "{message}");
    let message = bench.docker.fails(125, &["run", "--rm", "-w", "/l8", "links", "ls"]);
    assert!(message.contains(WORDS), "{message}");
    bench.finish();
}

#[test]
fn an_image_s_directory_is_never_a_descriptor() {
    let bench = Bench::start();
    for (number, target) in [(3, "/proc/self/fd/3"), (7, "/proc/self/fd/7/../../.."), (9, "/proc/1/fd/9")] {
        for directory in [target, "/link"] {
            bench.add("workdir", Tar::new().symlink("link", target), json!({"WorkingDir": directory}));
            let output = bench.gantry.run(&["run", "--rm", "workdir", "ls"]);
            assert!(output.code != 0 && output.stderr.contains(WORDS), "{number}: {output:?}");
        }
    }
    bench.finish();
}

#[test]
fn an_exec_s_directory_is_never_a_descriptor() {
    let bench = Bench::start();
    let links =
        NUMBERS.fold(Tar::new(), |tar, number| tar.symlink(&format!("l{number}"), &format!("/proc/self/fd/{number}")));
    bench.add("links", links, json!({}));
    let id = bench.gantry.ok(&["run", "-d", "links", "sleep", "1000"]);
    for number in NUMBERS {
        for path in [format!("/proc/self/fd/{number}"), format!("/proc/1/fd/{number}"), format!("/l{number}")] {
            let body = json!({"Cmd": ["ls"], "WorkingDir": path});
            let exec = bench.post(&format!("/containers/{id}/exec"), &body).field("Id");
            let message = bench.post(&format!("/exec/{exec}/start"), &json!({"Detach": true})).refusal(400);
            assert!(message.contains(WORDS), "{path}: {message}");
        }
    }
    let output = bench.gantry.run(&["exec", "-w", "/proc/self/fd/8", &id, "ls"]);
    // An exec tells it on its streams.
    let words = format!("{}{}", output.stdout, output.stderr);
    assert!(output.code != 0 && words.contains(WORDS), "{output:?}");
    bench.finish();
}

#[test]
fn only_the_three_streams_are_open_in_a_container() {
    let bench = Bench::start();
    for options in [&["-d"][..], &["-d", "-t"], &["-d", "-i"], &["-d", "--network", "none"], &["-d", "--privileged"]] {
        let id = bench.gantry.ok(&[&["run"], options, &["busybox", "sleep", "1000"]].concat());
        assert_eq!(descriptors(bench.pid(&id)), ["0", "1", "2"], "{options:?}");
        // The listing itself is the fourth.
        for exec in [&["exec"][..], &["exec", "-i"], &["exec", "-u", "1000"]] {
            let list =
                bench
                    .gantry
                    .ok(&[exec, &[&id, "sh", "-c", "ls /proc/self/fd; ls /proc/1/fd 2>/dev/null; true"]].concat());
            assert!(list.starts_with("0\n1\n2\n3"), "{options:?} {exec:?}: {list}");
            assert!(!list.lines().any(|line| line.parse::<u32>().is_ok_and(|number| number > 3)), "{list}");
        }
        bench.gantry.ok(&["rm", "-f", &id]);
    }
    // Our own init opens what it needs: events, no files.
    let id = bench.sleeper(&["--init"]);
    for number in descriptors(bench.pid(&id)).iter().skip(3) {
        let target = fs::read_link(format!("/proc/{}/fd/{number}", bench.pid(&id))).unwrap();
        assert!(target.to_string_lossy().starts_with("anon_inode:"), "{target:?}");
    }
    bench.finish();
}

fn descriptors(pid: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
