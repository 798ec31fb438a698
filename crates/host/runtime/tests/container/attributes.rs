//! Scheduling, priorities, clocks and execution domain, and hooks.

use oci::runtime::{Capabilities, CpuAffinity, Hook, Hooks, IoPriority, Namespace, Personality, Scheduler, TimeOffset};

use crate::support::*;

pub const CASES: &[Case] = &[
    ("a program runs with its scheduling policy and niceness", scheduling),
    ("an exec runs on its processors", affinity),
    ("a personality shows another machine", personality),
    ("clocks of a time namespace have their offsets, in execs too", clocks),
    ("hooks run in their order, with the state of the container", hooks_in_order),
    ("a hook that fails ends the making of a container", hook_fails),
    ("what a module of the kernel is missing for is refused", no_apparmor),
];

fn scheduling() {
    let mut test = Test::new(&[]);
    test.process().scheduler = Some(Scheduler { policy: "SCHED_BATCH".into(), nice: 7, ..Scheduler::default() });
    test.process().io_priority = Some(IoPriority { class: "IOPRIO_CLASS_IDLE".into(), priority: 0 });
    // Field 19 of the stat file is the niceness, field 41 the policy: proc_pid_stat(5).
    test.process().args = vec!["sh".into(), "-c".into(), "set -- $(cat /proc/self/stat); echo ${19} ${41}".into()];
    assert_eq!(test.output(), "7 3\n");
}

fn affinity() {
    let test = Test::new(&["sleep", "100"]);
    let (container, _streams) = test.start().unwrap();
    let mut process = process(&["grep", "Cpus_allowed_list", "/proc/self/status"]);
    process.exec_cpu_affinity = Some(CpuAffinity { initial: Some("0".into()), last: Some("0".into()) });
    let outcome = exec_with(&container, &process).unwrap();
    assert_eq!((outcome.code, outcome.output.trim_end()), (0, "Cpus_allowed_list:\t0"));
    process.exec_cpu_affinity = Some(CpuAffinity { initial: None, last: Some("nonsense".into()) });
    assert!(exec_with(&container, &process).unwrap_err().message().contains("CPU affinity"));
    finish(&container);
}

fn personality() {
    let mut test = Test::shell("cat /proc/self/personality");
    // The file is for those who may trace.
    let all = vec!["CAP_SYS_PTRACE".to_owned()];
    test.process().capabilities =
        Some(Capabilities { bounding: all.clone(), effective: all.clone(), permitted: all, ..Capabilities::default() });
    test.linux().personality = Some(Personality { domain: "LINUX32".into(), flags: vec![] });
    assert_eq!(test.output(), "00000008\n");
    test.linux().personality = Some(Personality { domain: "PLAN9".into(), flags: vec![] });
    assert_eq!(test.refusal().message(), "personality: domain `PLAN9` does not exist");
}

fn clocks() {
    let mut test = Test::new(&["sleep", "100"]);
    test.linux().namespaces.push(Namespace { kind: "time".into(), path: None });
    test.linux().time_offsets.insert("boottime".into(), TimeOffset { secs: 1_000_000, nanosecs: 0 });
    let (container, _streams) = test.start().unwrap();
    let seen = exec(&container, "cat /proc/uptime").output;
    let seen: f64 = seen.split(' ').next().unwrap().parse().unwrap();
    finish(&container);
    assert!(seen > 1_000_000.0, "{seen}");
    test.linux().time_offsets.insert("realtime".into(), TimeOffset::default());
    assert_eq!(test.refusal().message(), "time offsets: clock `realtime` does not exist");
    test.linux().time_offsets.remove("realtime");
    test.linux().namespaces.pop();
    assert_eq!(test.refusal().message(), "time offsets need a new time namespace");
}

/// A hook that adds a word, the state's status and whether the image is its root to a file.
fn note(word: &str, file: &str) -> Hook {
    let script = format!(
        r#"read -r state; status=${{state##*\"status\":\"}}; echo "{word} ${{status%%\"*}} $(test -e /etc/plain && echo inside || echo outside)" >>{file}"#
    );
    let args = ["sh", "-c", &script].map(str::to_owned).into();
    let path = if file.starts_with("/tmp/") { "/bin/sh" } else { "/bin/busybox" };
    Hook { path: path.into(), args, env: vec!["PATH=/usr/bin:/bin".into()], timeout: Some(20) }
}

fn hooks_in_order() {
    let mut test = Test::new(&["cat", "/etc/notes"]);
    let notes = test.scratch.beside("notes");
    let file = notes.display().to_string();
    test.spec.hooks = Some(Hooks {
        prestart: vec![note("prestart", &file)],
        create_runtime: vec![note("createRuntime", &file), note("second", &file)],
        create_container: vec![note("createContainer", &file)],
        start_container: vec![note("startContainer", "/etc/notes")],
        ..Hooks::default()
    });
    assert_eq!(test.output(), "startContainer created inside\n");
    let seen = std::fs::read_to_string(notes).unwrap();
    assert_eq!(
        seen,
        "prestart creating outside\ncreateRuntime creating outside\nsecond creating outside\ncreateContainer creating outside\n"
    );
}

fn hook_fails() {
    let failing = || {
        let args = ["sh", "-c", "echo why >&2; exit 3"].map(str::to_owned).into();
        vec![Hook { path: "/bin/sh".into(), args, ..Hook::default() }]
    };
    let mut test = Test::new(&["true"]);
    test.spec.hooks = Some(Hooks { create_runtime: failing(), ..Hooks::default() });
    let said = test.refusal().to_string();
    assert_eq!(said, "error running createRuntime hook #0: /bin/sh: exit status: 3, stdout: , stderr: why");
    test.spec.hooks = Some(Hooks { create_container: failing(), ..Hooks::default() });
    assert!(test.refusal().to_string().starts_with("error running createContainer hook #0: "));
    test.spec.hooks = Some(Hooks { start_container: failing(), ..Hooks::default() });
    let error = test.run().unwrap_err().to_string();
    assert!(error.starts_with("error running startContainer hook #0: "), "{error}");
    test.spec.hooks = Some(Hooks { poststop: vec![Hook { path: "x".into(), ..Hook::default() }], ..Hooks::default() });
    assert_eq!(test.refusal().to_string(), "poststop hook `x`: the path is not absolute");
}

fn no_apparmor() {
    if std::fs::read("/sys/module/apparmor/parameters/enabled").is_ok_and(|answer| answer.starts_with(b"Y")) {
        return;
    }
    let mut test = Test::new(&["true"]);
    test.process().apparmor_profile = Some("docker-default".into());
    assert!(test.refusal().message().contains("AppArmor is not enabled"));
    test.process().apparmor_profile = None;
    test.process().selinux_label = Some("system_u:system_r:container_t:s0".into());
    assert_eq!(test.run().unwrap().code, 0);
}
