//! A13, A14: the default profile is in force for what runs and for what joins later, by every way into the kernel.
//!
//! Which calls it denies is compared call by call where the profile is made; here a few that nothing but the profile denies.

use std::path::Path;

use serde_json::json;
use testkit::Job;

use crate::archives::Tar;
use crate::bench::Bench;
use crate::lab;

const EPERM: i64 = -1;
const ENOSYS: i64 = -38;
const NEW_USER: u64 = 0x1000_0000;
const SIGCHLD: u64 = 17;

/// Name, numbers on x86-64 and i386, first two arguments, and what the profile answers.
type Call = (&'static str, [u32; 2], [u64; 2], i64);

const CALLS: &[Call] = &[
    ("mount", [165, 21], [0, 0], EPERM),
    ("setns", [308, 346], [u64::MAX, 0], EPERM),
    ("unshare(NEWUSER)", [272, 310], [NEW_USER, 0], EPERM),
    ("clone(NEWUSER)", [56, 120], [NEW_USER | SIGCHLD, 0], EPERM),
    ("clone3", [435, 435], [0, 0], ENOSYS),
    ("bpf", [321, 357], [0, 0], EPERM),
    ("keyctl", [250, 288], [0, 0], EPERM),
    ("add_key", [248, 286], [0, 0], EPERM),
    ("userfaultfd", [323, 374], [0, 0], EPERM),
    ("open_by_handle_at", [304, 342], [u64::MAX, 0], EPERM),
    ("io_uring_setup", [425, 425], [0, 0], EPERM),
    ("fsopen", [430, 430], [0, 0], EPERM),
    ("move_mount", [429, 429], [u64::MAX, 0], EPERM),
    ("personality(ADDR_NO_RANDOMIZE)", [135, 136], [0x0004_0000, 0], EPERM),
    ("socket(AF_ALG)", [41, 359], [38, 1], EPERM),
    ("socket(AF_VSOCK)", [41, 359], [40, 1], EPERM),
];

/// `socketcall` on i386, whose argument `@` is that of `socket(AF_INET, SOCK_STREAM, 0)`.
const SOCKETCALL: u32 = 102;

/// The image `probe` with the helper of the profile's own tests. It loads a filter first, here one that allows all.
fn add_probe(bench: &Bench) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/host/seccomp/tests/probe.c");
    // struct sock_filter: BPF_RET | BPF_K, SECCOMP_RET_ALLOW.
    let allow = [0x06, 0, 0, 0, 0, 0, 0xff, 0x7f];
    let tar = Tar::new().file("probe", 0o755, &lab::compile(&source)).file("allow", 0o644, &allow);
    bench.add("probe", tar, json!({"Cmd": ["/probe", "/allow"]}));
}

fn lines() -> (Vec<String>, String) {
    let mut names = Vec::new();
    let mut lines = String::new();
    for (name, [x86_64, i386], [first, second], _) in CALLS {
        let ways = [("syscall", 'x', *x86_64), ("x32", 'x', x86_64 | 0x4000_0000), ("int 0x80", 'i', *i386)];
        for (way, entry, number) in ways {
            names.push(format!("{name} by {way}"));
            lines += &format!("{entry} {number:x} {first:x} {second:x} 0 0 0 0\n");
        }
    }
    lines += &format!("i {SOCKETCALL:x} 1 @ 0 0 0 0\n");
    (names, lines)
}

fn results(mut job: Job, lines: &str) -> Vec<i64> {
    job.write(lines.as_bytes());
    let text = job.finish().success();
    text.lines().map(|line| line.parse().expect("a number")).collect()
}

#[track_caller]
fn assert_denied(door: &str, job: Job) {
    let (names, lines) = lines();
    let results = results(job, &lines);
    assert_eq!(results.len(), names.len() + 1, "{door}");
    let expected = CALLS.iter().flat_map(|call| [call.3; 3]);
    for ((name, result), expected) in names.iter().zip(&results).zip(expected) {
        assert_eq!(*result, expected, "{door}: {name}");
    }
    // 32-bit programs keep TCP.
    assert!(results[names.len()] >= 0, "{door}: socketcall gives {}", results[names.len()]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn dangerous_calls_are_denied_by_run_and_exec() {
    let bench = Bench::start();
    add_probe(&bench);
    assert_denied("run", bench.gantry.start(&["run", "--rm", "-i", "probe"]));
    // More capabilities open more calls, but none of these.
    assert_denied("run --cap-add", bench.gantry.start(&["run", "--rm", "-i", "--cap-add", "NET_ADMIN", "probe"]));
    assert_denied("run --user", bench.gantry.start(&["run", "--rm", "-i", "--user", "1000", "probe"]));
    let id = bench.gantry.ok(&["run", "-d", "probe", "sleep", "1000"]);
    assert_denied("exec", bench.gantry.start(&["exec", "-i", &id, "/probe", "/allow"]));
    assert_denied("exec --user", bench.gantry.start(&["exec", "-i", "-u", "1000", &id, "/probe", "/allow"]));
    bench.finish();
}

/// No filter sees what socketcall(2) is given in memory (CVE-2026-31431): that is for the security module.
#[cfg(target_arch = "x86_64")]
#[test]
#[ignore = "needs a kernel with AppArmor: cargo xtask vm security"]
fn what_no_filter_sees_is_denied_by_apparmor() {
    const EACCES: i64 = -13;
    let bench = Bench::start();
    add_probe(&bench);
    let lines = "i 66 1 # 0 0 0 0\ni 66 1 @ 0 0 0 0\n";
    let check = |door: &str, job: Job, denied: bool| {
        let results = results(job, lines);
        assert_eq!(results[0] == EACCES, denied, "{door}: {results:?}");
        assert!(results[1] >= 0, "{door}: {results:?}");
    };
    let id = bench.gantry.ok(&["run", "-d", "probe", "sleep", "1000"]);
    check("run", bench.gantry.start(&["run", "--rm", "-i", "probe"]), true);
    check("exec", bench.gantry.start(&["exec", "-i", &id, "/probe", "/allow"]), true);
    let unconfined = ["run", "--rm", "-i", "--security-opt", "apparmor=unconfined", "probe"];
    check("unconfined", bench.gantry.start(&unconfined), false);
    let label = |words: &[&str]| bench.gantry.ok(&[words, &["cat", "/proc/self/attr/current"]].concat());
    assert_eq!(label(&["exec", &id]), "docker-default (enforce)");
    assert_eq!(label(&["run", "--rm", "--privileged", "busybox"]), "unconfined");
    assert!(bench.gantry.ok(&["info"]).contains("apparmor"));
    bench.finish();
}

#[cfg(target_arch = "x86_64")]
#[test]
fn it_is_the_profile_that_denies_them() {
    let bench = Bench::start();
    add_probe(&bench);
    let job = bench.gantry.start(&["run", "--rm", "-i", "--security-opt", "seccomp=unconfined", "probe"]);
    let results = results(job, "x 87 40000 0 0 0 0 0\nx fa 0 0 0 0 0 0\ni 66 1 @ 0 0 0 0\n");
    assert!(results[..2].iter().all(|result| *result != EPERM), "{results:?}");
    bench.finish();
}
