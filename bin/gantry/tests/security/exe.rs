//! A1 (CVE-2019-5736): no container writes to our program, neither its first process nor one that waits for an exec.

use std::fs::{self, File};

use rustix::fs::{SealFlags, fcntl_get_seals};
use serde_json::json;
use testkit::registry::digest_of;

use crate::archives::Tar;
use crate::bench::{Bench, GANTRY};
use crate::lab;

/// Execs into the attacker's container: each is a chance to catch one.
const ROUNDS: usize = 200;

fn binary() -> String {
    digest_of(&fs::read(GANTRY).unwrap()).to_string()
}

#[test]
fn an_entrypoint_that_is_our_own_program_does_not_reach_it() {
    let (bench, before) = (Bench::start(), binary());
    let script = b"#!/proc/self/exe\n";
    bench.add("evil", Tar::new().file("evil", 0o755, script), json!({"Entrypoint": ["/evil"]}));
    for program in [&["evil"][..], &["evil", "hello"], &["--init", "evil"]] {
        // The stage runs itself, finds no face of its own in the name, and ends.
        let output = bench.gantry.run(&[&["run", "--rm"], program].concat());
        assert_ne!(output.code, 0, "{output:?}");
    }
    let id = bench.gantry.ok(&["run", "-d", "--entrypoint", "/bin/sleep", "evil", "1000"]);
    for entry in ["/evil", "/proc/self/exe"] {
        let output = bench.gantry.run(&["exec", &id, entry]);
        assert_ne!(output.code, 0, "{output:?}");
    }
    assert_eq!(binary(), before);
    bench.finish();
}

#[test]
fn a_process_that_waits_for_execs_writes_to_no_program_of_ours() {
    let (bench, before) = (Bench::start(), binary());
    let catcher = lab::compile(&lab::source("catcher.c"));
    bench.add("catcher", Tar::new().file("catcher", 0o755, &catcher), json!({"Cmd": ["/catcher"]}));
    // With the rights to look at others' programs: an ordinary container sees less.
    let id = bench.gantry.ok(&["run", "-d", "--cap-add", "SYS_PTRACE", "catcher"]);
    let shim = stage_of(&bench);
    let stage = digest_of(&fs::read(&shim).unwrap());
    for _ in 0..ROUNDS {
        assert_eq!(bench.ask("POST", &format!("/exec/{}/start", new_exec(&bench, &id))).status, 200);
    }
    assert_eq!(bench.gantry.run(&["exec", &id, "/bin/true"]).code, 0);
    bench.gantry.ok(&["kill", "-s", "TERM", &id]);
    bench.gantry.ok(&["wait", &id]);
    let words = bench.gantry.ok(&["logs", &id]);
    assert!(words.ends_with("written 0"), "{words}");
    assert_eq!(binary(), before);
    assert_eq!(digest_of(&fs::read(format!("/proc/{}/exe", bench.daemon.pid())).unwrap()).to_string(), before);
    drop(shim);
    let id = bench.sleeper(&[]);
    assert_eq!(digest_of(&fs::read(stage_of(&bench)).unwrap()), stage);
    bench.gantry.ok(&["rm", "-f", &id]);
    bench.finish();
}

fn new_exec(bench: &Bench, id: &str) -> String {
    bench.post(&format!("/containers/{id}/exec"), &json!({"Cmd": ["/bin/true"]})).field("Id")
}

/// The program of the only shim: sealed against everything.
fn stage_of(bench: &Bench) -> String {
    let [pid] = bench.daemon.shims()[..] else { panic!("one shim") };
    let path = format!("/proc/{pid}/exe");
    let name = fs::read_link(&path).unwrap();
    assert!(name.to_string_lossy().starts_with("/memfd:"), "{name:?}");
    let seals = fcntl_get_seals(File::open(&path).unwrap()).unwrap();
    assert!(seals.contains(SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE), "{seals:?}");
    path
}
