//! A19 (CVE-2022-1708, CVE-2022-31030): what a process prints is not held for a client that does not read, or goes away.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::json;
use testkit::{PATIENCE, eventually};

use crate::bench::{Bench, peak_in};

/// What an exec prints if somebody reads it: ten gigabytes.
const PRINTS: [&str; 4] = ["dd", "if=/dev/zero", "bs=1M", "count=10240"];

/// What each client that reads takes.
const TAKEN: usize = 256 << 20;

/// How much the daemon and a shim may grow.
const GROWTH: u64 = 32 << 20;

/// Joins the output of a new exec.
fn join(bench: &Bench, id: &str) -> UnixStream {
    let body = json!({ "Cmd": PRINTS, "AttachStdout": true });
    let exec = bench.post(&format!("/containers/{id}/exec"), &body).field("Id");
    let mut stream = UnixStream::connect(bench.daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /exec/{exec}/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Most memory that the container's shim has had, in bytes. It keeps the path of its folder among its arguments.
fn peak_of_shim(id: &str) -> u64 {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let shims = processes
        .filter(|path| fs::read(path.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(id)));
    let peaks = shims.filter_map(|path| peak_in(&fs::read_to_string(path.join("status")).ok()?));
    peaks.max().expect("a shim")
}

#[test]
fn output_is_not_held_for_those_who_do_not_read() {
    let bench = Bench::start();
    let id = bench.gantry.ok(&["run", "-d", "busybox", "sleep", "1000"]);
    bench.gantry.ok(&["exec", &id, "true"]);
    bench.forget_peak();
    let (before, shim_before) = (bench.peak(), peak_of_shim(&id));
    let idle: Vec<UnixStream> = (0..4).map(|_| join(&bench, &id)).collect();
    for _ in 0..2 {
        let mut reader = join(&bench, &id).take(TAKEN as u64);
        assert_eq!(std::io::copy(&mut reader, &mut std::io::sink()).unwrap(), TAKEN as u64);
    }
    let (grown, shim_grown) = (bench.peak() - before, peak_of_shim(&id) - shim_before);
    assert!(grown < GROWTH && shim_grown < GROWTH, "{grown} and {shim_grown} bytes");
    drop(idle);
    // Nobody is left who could read: they end by a broken pipe.
    eventually("the execs end", || {
        let processes = bench.gantry.ok(&["exec", &id, "ps"]);
        (!processes.contains("dd if=")).then_some(())
    });
    bench.finish();
}
