//! Each step fails in turn; the harness compares the host before and after.

use oci::runtime::{Device, Namespace, Rlimit};
use runtime::{ErrorKind, Io, RootFs};

use crate::support::*;

pub const CASES: &[Case] = &[
    ("every step that fails leaves nothing", each_step),
    ("a container that is never started leaves nothing", never_started),
    ("a container that dies at the gate leaves nothing", dies_at_gate),
    ("a threaded caller is refused", threaded),
    ("what is not supported is refused with its name", not_supported),
];

/// Spoils a request.
type Fault = fn(&mut Test);

/// A fault for each step of the set-up, in its order.
fn each_step() {
    let faults: &[(&str, Fault)] = &[
        ("no process", |test| test.spec.process = None),
        ("arguments", |test| test.process().args.clear()),
        ("namespaces", |test| test.linux().namespaces.clear()),
        ("namespace path", |test| {
            test.linux().namespaces.push(Namespace { kind: "user".into(), path: Some("/no/such".into()) });
        }),
        ("join", |test| {
            test.linux().namespaces.retain(|namespace| namespace.kind != "ipc");
            test.linux().namespaces.push(Namespace { kind: "ipc".into(), path: Some("/proc/self/ns/uts".into()) });
        }),
        ("stage", |test| {
            test.linux().namespaces.retain(|namespace| namespace.kind != "pid");
            test.linux().namespaces.push(Namespace { kind: "pid".into(), path: Some("/proc/self/ns/uts".into()) });
        }),
        ("id maps", |test| {
            test.linux().namespaces.push(Namespace { kind: "user".into(), path: None });
        }),
        ("control group", |test| test.linux().cgroups_path = Some("/../x".into())),
        ("oom score", |test| test.process().oom_score_adj = Some(5000)),
        ("root: layer", |test| {
            let (upper, work) = (test.scratch.beside("upper"), test.scratch.beside("work"));
            test.rootfs = Some(RootFs::Overlay { lower: vec!["/no/such".into()], upper, work, volatile: false });
        }),
        ("root: upper", |test| {
            let (lower, work) = (vec![test.scratch.image("")], test.scratch.beside("work"));
            test.rootfs = Some(RootFs::Overlay { lower, upper: "/no/such".into(), work, volatile: false });
        }),
        ("root: directory", |test| test.rootfs = Some(RootFs::Directory { path: "/no/such".into() })),
        ("mount", |test| test.spec.mounts.push(mount("/x", "bind", "/no/such", "rbind"))),
        ("device", |test| {
            let path = "/etc/plain/below".into();
            test.linux().devices = vec![Device { kind: "c".into(), path, major: 1, minor: 3, ..Device::default() }];
        }),
        ("sysctl", |test| drop(test.linux().sysctl.insert("net.no.such".into(), "1".into()))),
        ("mask", |test| test.linux().masked_paths.push("/proc/self/cwd".into())),
        ("read-only path", |test| test.linux().readonly_paths.push("/proc/self/cwd".into())),
        ("host name", |test| test.spec.hostname = Some("h".repeat(100))),
        ("working directory", |test| test.process().cwd = "/etc/passwd/x".into()),
        ("propagation", |test| test.linux().rootfs_propagation = Some("nonsense".into())),
        ("resource limit", |test| {
            let limit = Rlimit { kind: "RLIMIT_NOFILE".into(), soft: 1, hard: 1 << 50 };
            test.process().rlimits = vec![limit];
        }),
        ("program", |test| test.process().args = vec!["/no/such".into()]),
    ];
    for (name, fault) in faults {
        let before = Host::look();
        let mut test = Test::new(&["true"]);
        fault(&mut test);
        let error = test.create_with(pipes().0).expect_err(name);
        assert!(!error.message().is_empty() && !error.message().ends_with('.'), "{name}: {error}");
        drop(test);
        before.compare(&Host::look());
    }
}

fn never_started() {
    let created = Test::new(&["true"]).create_with(pipes().0).unwrap();
    assert!(created.paths().iter().all(|path| path.is_dir()));
    let paths = created.paths().to_vec();
    drop(created);
    assert!(!paths.iter().any(|path| path.exists()));
    Test::new(&["true"]).create_with(Io::Terminal).unwrap().destroy().unwrap();
}

fn dies_at_gate() {
    let created = Test::new(&["true"]).create_with(pipes().0).unwrap();
    sys::signal::send(created.pidfd(), 9).unwrap();
    wait(created.pidfd());
    drop(created);
}

fn threaded() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv());
    let error = Test::new(&["true"]).create_with(pipes().0).expect_err("two threads");
    assert_eq!(error.message(), "fork: invalid argument");
    drop(sender);
    let _ = thread.join();
}

fn not_supported() {
    let mut test = Test::new(&["true"]);
    test.linux().intel_rdt = Some(oci::runtime::IntelRdt::default());
    let error = test.refusal();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, "Intel RDT: not supported"));
}
