//! Control groups and resource limits.

use std::fs;
use std::path::{Path, PathBuf};

use oci::runtime::{Cpu, DeviceRule, HugepageLimit, Memory, Pids, Resources, Rlimit};
use runtime::ErrorKind;

use crate::support::*;

pub const CASES: &[Case] = &[
    ("memory, processor and process limits are in the kernel's files", limits_in_files),
    ("a program over its memory limit is killed and counted", out_of_memory),
    ("a memory limit too low for the start is said", too_little_memory),
    ("more processes than allowed are refused", too_many_processes),
    ("devices that are not allowed cannot be opened", devices),
    ("a limit that the kernel has no file for is named, and nothing stays", unsupported),
    ("a control group in use is not taken over, an empty one is made anew", in_use),
    ("the container sees its own control group as the root", own_root),
    ("without a cgroup namespace the container's own group is shown, read-only", without_namespace),
    ("processes left behind are killed with the container", leftovers),
    ("a paused container takes nobody in, a frozen parent no container", paused),
    ("resource limits are set, impossible ones are named", rlimits),
];

fn with(resources: Resources, script: &str) -> Test {
    let mut test = Test::shell(script);
    test.linux().resources = Some(resources);
    test
}

fn limits_in_files() {
    let resources = Resources {
        memory: Some(Memory {
            limit: Some(64 << 20),
            swap: Some(96 << 20),
            reservation: Some(32 << 20),
            ..Memory::default()
        }),
        cpu: Some(Cpu {
            shares: Some(512),
            quota: Some(50_000),
            period: Some(100_000),
            cpus: Some("0".to_owned()),
            ..Cpu::default()
        }),
        pids: Some(Pids { limit: Some(33) }),
        ..Resources::default()
    };
    let (container, _streams) = with(resources, "sleep 1000").start().unwrap();
    let read = |file: &str| {
        let found = container.paths().iter().map(|path| path.join(file)).find(|path| path.exists());
        fs::read_to_string(found.unwrap_or_else(|| panic!("no {file}"))).unwrap().trim().to_owned()
    };
    assert_eq!(read("pids.max"), "33");
    assert_eq!(read("cpuset.cpus"), "0");
    if cgroup::Layout::read().unwrap().is_unified() {
        assert_eq!((read("memory.max"), read("memory.swap.max")), ((64 << 20).to_string(), (32 << 20).to_string()));
        assert_eq!((read("cpu.max"), read("cpu.weight")), ("50000 100000".to_owned(), "20".to_owned()));
    } else {
        assert_eq!(read("memory.limit_in_bytes"), (64 << 20).to_string());
        assert_eq!(read("memory.memsw.limit_in_bytes"), (96 << 20).to_string());
        assert_eq!(read("memory.soft_limit_in_bytes"), (32 << 20).to_string());
        assert_eq!((read("cpu.shares"), read("cpu.cfs_quota_us")), ("512".to_owned(), "50000".to_owned()));
    }
    finish(&container);
}

fn memory(bytes: i64) -> Resources {
    let memory = Memory { limit: Some(bytes), swap: Some(bytes), ..Memory::default() };
    Resources { memory: Some(memory), ..Resources::default() }
}

fn out_of_memory() {
    let test = with(memory(32 << 20), "dd if=/dev/zero of=/dev/null bs=100M count=1; exit 9");
    let (container, _streams) = test.start().unwrap();
    assert_eq!(wait(container.pidfd()), 9);
    assert_eq!(container.oom_kills(), 1);
    container.destroy().unwrap();
    assert_eq!(container.oom_kills(), 0);
}

fn too_little_memory() {
    let error = with(memory(4096), "true").create_with(pipes().0).expect_err("one page is too little");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.message(), "container init was OOM-killed (memory limit too low?)");
}

fn too_many_processes() {
    let resources = Resources { pids: Some(Pids { limit: Some(4) }), ..Resources::default() };
    let test = with(resources, "for i in 1 2 3 4 5 6; do sleep 1000 & done 2>&1");
    let outcome = test.run().unwrap();
    assert!(outcome.output.contains("can't fork"), "{outcome:?}");
}

fn devices() {
    let rule = |allow, kind: &str, major, minor, access: &str| DeviceRule {
        allow,
        kind: Some(kind.to_owned()),
        major,
        minor,
        access: Some(access.to_owned()),
    };
    let deny = rule(false, "a", None, None, "rwm");
    let script =
        "mknod /kmsg c 1 11; (head -c1 /kmsg) 2>&1; head -c1 /dev/zero | wc -c; mknod /full c 1 7 && echo made";
    let denied = "head: /kmsg: Operation not permitted\n1\nmade\n";
    let resources = Resources { devices: vec![deny.clone()], ..Resources::default() };
    assert_eq!(with(resources, script).output(), denied);
    let more = vec![deny, rule(true, "c", Some(10), Some(200), "r")];
    let resources = Resources { devices: more, ..Resources::default() };
    let output = with(resources, "mknod /tun c 10 200; (: < /tun) 2>&1; (: > /tun) 2>&1").run().unwrap();
    assert_eq!(output.output, "sh: can't create /tun: Operation not permitted\n");
}

fn unsupported() {
    let limit = HugepageLimit { page_size: "3MB".to_owned(), limit: 1 };
    let resources = Resources { hugepage_limits: vec![limit], ..memory(64 << 20) };
    let error = with(resources, "true").refusal();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let file =
        if cgroup::Layout::read().unwrap().is_unified() { "hugetlb.3MB.max" } else { "hugetlb.3MB.limit_in_bytes" };
    let message = format!("huge page limit: not supported here: the kernel has no `{file}`");
    assert_eq!(error.message(), message);
    let cpu = Cpu { cpus: Some("100000".to_owned()), ..Cpu::default() };
    let error = with(Resources { cpu: Some(cpu), ..Resources::default() }, "true").refusal();
    assert!(error.message().starts_with("CPU set: write `100000` to `/"), "{error}");
}

fn in_use() {
    let test = Test::new(&["sleep", "1000"]);
    let (container, _streams) = test.start().unwrap();
    let path = container.paths()[0].display().to_string();
    let error = test.create_with(pipes().0).expect_err("the group is in use");
    assert_eq!(error.message(), format!("control group `{path}` exists and is in use"));
    finish(&container);
    // What an earlier container left, with its limit.
    fs::create_dir_all(&path).unwrap();
    assert_eq!(Test::new(&["true"]).run().unwrap().code, 0);
    let mut test = Test::new(&["true"]);
    for bad in ["/a/../../b", "/"] {
        test.linux().cgroups_path = Some(bad.to_owned());
        assert_eq!(test.refusal().kind(), ErrorKind::Invalid);
    }
}

fn own_root() {
    let script = "cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory/cgroup.procs 2>/dev/null | head -n1; \
        mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x 2>/dev/null || echo refused";
    let output = Test::shell(script).output();
    let lines: Vec<_> = output.lines().collect();
    let (groups, rest) = lines.split_at(lines.len() - 2);
    assert!(groups.iter().all(|line| line.ends_with(":/")), "{output}");
    assert_eq!(rest, ["1", "refused"]);
}

fn without_namespace() {
    let script = "cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null | head -n1; \
        mkdir /sys/fs/cgroup/x /sys/fs/cgroup/pids/x 2>/dev/null || echo refused; ls -d /sys/fs/cgroup/*/c /sys/fs/cgroup/c";
    let mut test = Test::shell(script);
    test.linux().namespaces.retain(|namespace| namespace.kind != "cgroup");
    assert_eq!(test.run().unwrap().output.lines().take(2).collect::<Vec<_>>(), ["1", "refused"]);
    assert!(!test.run().unwrap().output.contains("/c\n"));
}

fn leftovers() {
    let mut test = Test::shell("sleep 1000 & sleep 1000 & echo up; exec true");
    test.linux().namespaces.retain(|namespace| namespace.kind != "pid");
    let (container, streams) = test.start().unwrap();
    read_line(&streams.output);
    assert_eq!(wait(container.pidfd()), 0);
    let pids = cgroup::Cgroup::from_paths(container.paths().to_vec()).pids().unwrap();
    assert_eq!(pids.len(), 2);
    container.destroy().unwrap();
    assert_eq!(read_all(streams.output), "");
}

/// Freezes a group, or thaws it, on either version.
fn freeze(group: &Path, frozen: bool) {
    let (file, value) = match group.join("freezer.state") {
        file if file.exists() => (file, if frozen { "FROZEN" } else { "THAWED" }),
        _ => (group.join("cgroup.freeze"), if frozen { "1" } else { "0" }),
    };
    fs::write(file, value).unwrap();
}

fn paused() {
    let case = Test::new(&["sleep", "1000"]);
    let (container, _streams) = case.start().unwrap();
    let freezes = |path: &&PathBuf| {
        path.join("freezer.state").exists() || (path.join("cgroup.freeze").exists() && container.paths().len() == 1)
    };
    let group = container.paths().iter().find(freezes).unwrap().clone();
    freeze(&group, true);
    let error = exec_with(&container, &process(&["true"])).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, "cannot exec in a paused container"));
    let parent = group.parent().unwrap();
    freeze(parent, true);
    let mut other = Test::new(&["true"]);
    other.linux().cgroups_path = other.linux().cgroups_path.take().map(|path| path + "2");
    let message = other.refusal().to_string();
    assert!(message.ends_with("2` is frozen: a process in it would never run"), "{message}");
    freeze(parent, false);
    freeze(&group, false);
    finish(&container);
}

fn rlimits() {
    let mut test = Test::shell("ulimit -n; ulimit -Hn; ulimit -c");
    let limit = |kind: &str, soft, hard| Rlimit { kind: kind.to_owned(), soft, hard };
    test.process().rlimits = vec![limit("RLIMIT_NOFILE", 100, 200), limit("RLIMIT_CORE", 0, 0)];
    assert_eq!(test.output(), "100\n200\n0\n");
    test.process().rlimits = vec![limit("RLIMIT_NOFILE", 3, 1 << 40)];
    let error = test.refusal();
    assert!(error.message().starts_with("limits that cannot be set: RLIMIT_NOFILE"), "{error}");
}
