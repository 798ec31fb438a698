//! Docker's default profile in the real kernel: what must fail fails, by all three ways into it.
//!
//! Attacks A13 and A14 of the project's list: calls that a default container must not make, made by the instruction
//! `syscall`, as x32 and through `int 0x80`.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use oci::runtime::Seccomp;
use seccomp::{KernelVersion, compile, default_profile};

const EPERM: i64 = -1;
const ENOSYS: i64 = -38;

/// An errno that no call gives by itself: where it comes back, the filter has spoken.
const SIGN: i64 = -777;

const X32_BIT: u32 = 0x4000_0000;
const NEW_USER: u64 = 0x1000_0000;
const SIGCHLD: u64 = 17;
const SIGSYS: i32 = 31;
const AF_INET: u64 = 2;
const AF_ALG: u64 = 38;
const AF_VSOCK: u64 = 40;
const STREAM: u64 = 1;
const NO_RANDOM_ADDRESSES: u64 = 0x0004_0000;

/// Name, numbers on x86-64, x32 and i386, and the first two arguments.
type Probe = (&'static str, [u32; 3], [u64; 2]);

const DENIED: &[Probe] = &[
    ("mount", [165, 165, 21], [0, 0]),
    ("umount2", [166, 166, 52], [0, 0]),
    ("pivot_root", [155, 155, 217], [0, 0]),
    ("setns", [308, 308, 346], [u64::MAX, 0]),
    ("unshare", [272, 272, 310], [NEW_USER, 0]),
    ("clone", [56, 56, 120], [NEW_USER | SIGCHLD, 0]),
    ("bpf", [321, 321, 357], [0, 0]),
    ("perf_event_open", [298, 298, 336], [0, 0]),
    ("keyctl", [250, 250, 288], [0, 0]),
    ("add_key", [248, 248, 286], [0, 0]),
    ("request_key", [249, 249, 287], [0, 0]),
    ("userfaultfd", [323, 323, 374], [0, 0]),
    ("kexec_load", [246, 528, 283], [0, 0]),
    ("init_module", [175, 175, 128], [0, 0]),
    ("finit_module", [313, 313, 350], [u64::MAX, 0]),
    ("open_by_handle_at", [304, 304, 342], [u64::MAX, 0]),
    ("io_uring_setup", [425, 425, 425], [0, 0]),
    ("fsopen", [430, 430, 430], [0, 0]),
    ("fsmount", [432, 432, 432], [u64::MAX, 0]),
    ("open_tree", [428, 428, 428], [u64::MAX, 0]),
    ("move_mount", [429, 429, 429], [u64::MAX, 0]),
    ("personality", [135, 135, 136], [NO_RANDOM_ADDRESSES, 0]),
    ("socket(AF_ALG)", [41, 41, 359], [AF_ALG, STREAM]),
    ("socket(AF_ALG), upper half filled", [41, 41, 359], [1 << 32 | AF_ALG, STREAM]),
    ("socket(AF_VSOCK)", [41, 41, 359], [AF_VSOCK, STREAM]),
];

/// The calls of a probe, as lines for the helper, with the name of each way in.
fn lines(probe: &Probe) -> [(String, String); 3] {
    let (name, [x86_64, x32, i386], [first, second]) = *probe;
    let line = |entry, number: u32| format!("{entry} {number:x} {first:x} {second:x} 0 0 0 0\n");
    let ways = [("syscall", 'x', x86_64), ("x32", 'x', x32 | X32_BIT), ("int 0x80", 'i', i386)];
    ways.map(|(way, entry, number)| (format!("{name} by {way}"), line(entry, number)))
}

/// The helper program, compiled under a name of its own, since tests run side by side; and a filter for it.
struct Helper {
    binary: PathBuf,
    filter: PathBuf,
}

impl Helper {
    fn new(profile: &Seccomp) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("seccomp-probe-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let binary = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let helper = Self { filter: binary.with_extension("bpf"), binary };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/probe.c");
        let status = Command::new("cc").args(["-O1", "-o"]).args([helper.binary.as_os_str(), source.as_ref()]).status();
        let status = status.unwrap_or_else(|error| panic!("cc: {error}; this test needs a C compiler"));
        assert!(status.success(), "cc {source}: {status}");
        std::fs::write(&helper.filter, compile(profile).unwrap().as_bytes()).unwrap();
        helper
    }

    /// Makes calls, each a line.
    fn run(&self, calls: &str) -> Output {
        let mut command = Command::new(&self.binary);
        let mut child = command.arg(&self.filter).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(calls.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        for path in [&self.binary, &self.filter] {
            // There may be none, where the test failed early.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The results of calls under a profile: values, or negative errnos.
fn probe(profile: &Seccomp, calls: &str) -> Vec<i64> {
    let output = Helper::new(profile).run(calls);
    assert!(output.status.success(), "the helper failed: {}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

fn docker() -> Seccomp {
    default_profile(&["CAP_CHOWN".to_owned()], KernelVersion { major: 6, minor: 18 })
}

fn assert_denied(profile: &Seccomp, errno: i64) {
    let calls: Vec<(String, String)> = DENIED.iter().flat_map(lines).collect();
    let results = probe(profile, &calls.iter().map(|(_, line)| line.as_str()).collect::<String>());
    assert_eq!(results.len(), calls.len());
    for ((name, _), result) in calls.iter().zip(results) {
        assert_eq!(result, errno, "{name}");
    }
}

#[test]
fn dangerous_calls_are_denied_by_every_entry() {
    assert_denied(&docker(), EPERM);
}

#[test]
fn it_is_the_filter_that_denies_them() {
    assert_denied(&Seccomp { default_errno_ret: Some(777), ..docker() }, SIGN);
}

#[test]
fn clone3_and_newer_calls_seem_not_to_exist() {
    let clone3: String = lines(&("clone3", [435; 3], [0, 0])).map(|(_, line)| line).concat();
    assert_eq!(probe(&docker(), &clone3), [ENOSYS; 3]);
    // 467 is open_tree_attr of Linux 6.15, which the profile does not know.
    assert_eq!(probe(&docker(), "x 1d3 0 0 0 0 0 0\ni 1d3 0 0 0 0 0 0\n"), [ENOSYS; 2]);
}

#[test]
fn ordinary_calls_work_by_both_entries() {
    let personality = "x 87 ffffffff 0 0 0 0 0\ni 88 ffffffff 0 0 0 0 0\n".to_owned();
    let sockets = format!("x 29 {AF_INET:x} {STREAM:x} 0 0 0 0\ni 167 {AF_INET:x} {STREAM:x} 0 0 0 0\n");
    let results = probe(&docker(), &(personality + &sockets));
    assert_eq!(results[..2], [0, 0]);
    assert!(results[2..].iter().all(|&descriptor| descriptor > 2), "{results:?}");
}

#[test]
fn tcp_sockets_of_32_bit_programs_work_by_socketcall() {
    // Most 32-bit programs have no other way: socketcall(SYS_SOCKET, {AF_INET, SOCK_STREAM, 0}).
    let results = probe(&docker(), "i 66 1 @ 0 0 0 0\n");
    assert!(results[0] > 2, "{results:?}");
}

#[test]
fn a_profile_without_the_other_architectures_kills_them() {
    let profile = Seccomp { architectures: vec!["SCMP_ARCH_X86_64".into()], ..docker() };
    let helper = Helper::new(&profile);
    for getpid in ["i 14 0 0 0 0 0 0\n", "x 40000027 0 0 0 0 0 0\n"] {
        assert_eq!(helper.run(getpid).status.signal(), Some(SIGSYS), "{getpid}");
    }
}
