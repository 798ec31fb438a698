//! A full disk in the middle of a pull, a load or a start: one clear error, nothing half there, and all well afterwards.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::registry::Registry;
use testkit::{Daemon, Host};

use crate::archives::{Tar, busybox, saved};
use crate::bench::{Bench, GANTRY, enter};

/// A data root of 32 MiB, in the host's mount namespace only.
fn small() -> Bench {
    let host = Host::new();
    enter(&host);
    let mut daemon = Daemon::prepare(&host, GANTRY, &[]);
    let root = daemon.data_root().display().to_string();
    host.ok(&["mkdir", &root]);
    host.ok(&["mount", "-t", "tmpfs", "-o", "size=32m,mode=0710", "tmpfs", &root]);
    daemon.start_again();
    Bench::with(daemon)
}

/// All files of the data root, and the space they take.
fn stored(bench: &Bench) -> (BTreeSet<String>, u64) {
    let root = bench.daemon.data_root().display().to_string();
    let host = bench.daemon.host();
    let find = host.ok(&["find", &root, "-not", "-path", "*/trash/*"]);
    let used = host.ok(&["df", "--output=used", "-k", &root]);
    (find.lines().map(str::to_owned).collect(), used.lines().last().unwrap().trim().parse().unwrap())
}

/// Waits until everything is as it was, but for what the catalogue keeps for itself.
fn assert_as_before(bench: &Bench, before: &(BTreeSet<String>, u64)) {
    testkit::eventually("the files of before and no others", || (stored(bench).0 == before.0).then_some(()));
    testkit::eventually("the space of before", || (stored(bench).1 < before.1 + 4096).then_some(()));
}

/// A layer that does not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    Tar::new().file("noise", 0o644, &bytes).end()
}

#[test]
fn a_full_disk_in_the_middle_of_a_pull_is_one_clear_error() {
    let bench = small();
    let registry = Registry::start().unwrap();
    registry.add_image("large", "latest", &[busybox(), noise(64 << 20)]);
    let before = stored(&bench);
    let name = format!("{}/large", registry.host());
    for client in [&bench.gantry, &bench.docker] {
        let message = client.fails(1, &["pull", "-q", &name]);
        assert!(message.contains("No space left on device"), "{message}");
        assert_as_before(&bench, &before);
    }
    assert_eq!(bench.gantry.ok(&["run", "--rm", "busybox", "echo", "well"]), "well");
    bench.finish();
}

#[test]
fn a_full_disk_in_the_middle_of_a_load_or_an_import_is_one_clear_error() {
    let bench = small();
    let before = stored(&bench);
    for answer in [bench.load(saved("large", &[noise(64 << 20)], json!({}))), bench.import("large", noise(64 << 20))] {
        let message = answer.error().unwrap_or_else(|| panic!("{answer:?}"));
        assert!(message.contains("No space left on device"), "{message}");
        assert_as_before(&bench, &before);
    }
    assert_eq!(bench.gantry.ok(&["run", "--rm", "busybox", "echo", "well"]), "well");
    bench.finish();
}

#[test]
fn a_full_disk_stops_the_container_that_fills_it_and_no_other() {
    let bench = small();
    let other = bench.sleeper(&[]);
    let words = bench.sh(&["--name", "greedy"], "cat /dev/zero > /zeros; echo end");
    assert!(words.contains("No space left on device") && words.contains("end"), "{words}");
    assert_eq!(bench.gantry.ok(&["inspect", "--format", "{{.State.Running}}", &other]), "true");
    // With the disk full a start is refused, or works: it does not hang, and it leaves nothing.
    let id = bench.gantry.ok(&["run", "-d", "busybox", "sh", "-c", "cat /dev/zero > /zeros; exec sleep 1000"]);
    testkit::eventually("a full disk", || {
        let root = bench.daemon.data_root().display().to_string();
        let free = bench.daemon.host().ok(&["df", "--output=avail", "-k", &root]);
        (free.lines().last().unwrap().trim().parse::<u64>().unwrap() < 64).then_some(())
    });
    let output = bench.gantry.run(&["run", "--name", "late", "busybox", "true"]);
    assert!(output.code == 0 || output.stderr.contains("No space left on device"), "{output:?}");
    bench.gantry.ok(&["rm", "-f", &id]);
    bench.gantry.run(&["rm", "-f", "late"]);
    assert_eq!(bench.gantry.ok(&["run", "--rm", "busybox", "echo", "well"]), "well");
    bench.finish();
}
