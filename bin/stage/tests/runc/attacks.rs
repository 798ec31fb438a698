//! Attacks on a runtime that engines drive: by links in the image, and by somebody who swaps a directory for a link all the
//! time, on run, create and exec alike. Verdict is by what lies outside of the image, not by exit codes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};

use crate::lab::Lab;

/// How many containers run beside a racer.
const STARTS: u32 = 40;

/// What must not change: every file below a folder of the host, with owner, mode and content.
struct Canary(PathBuf, BTreeMap<PathBuf, (u32, u32, Vec<u8>)>);

impl Canary {
    fn new(lab: &Lab) -> Self {
        let folder = lab.path("canary");
        fs::create_dir_all(folder.join("dir")).unwrap();
        fs::write(folder.join("file"), "sings").unwrap();
        let seen = look(&folder);
        Self(folder, seen)
    }

    #[track_caller]
    fn sings(&self) {
        assert_eq!(look(&self.0), self.1);
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(self.0.to_str().unwrap()), "{mounts}");
    }
}

fn look(folder: &Path) -> BTreeMap<PathBuf, (u32, u32, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| {
        let found = fs::symlink_metadata(&path).unwrap();
        let content = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let own = (path.clone(), (found.mode(), found.uid(), content));
        let deeper = if found.is_dir() { look(&path) } else { BTreeMap::new() };
        [own].into_iter().chain(deeper)
    });
    below.collect()
}

/// Swaps a directory of the image and a link to the canary, as fast as it can.
struct Racer {
    over: Arc<AtomicBool>,
    rounds: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Racer {
    fn start(place: &Path, target: &Path) -> Self {
        let other = place.with_extension("other");
        fs::create_dir_all(place).unwrap();
        symlink(target, &other).unwrap();
        let (over, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (told, counted, place) = (Arc::clone(&over), Arc::clone(&rounds), place.to_owned());
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &place, CWD, &other, RenameFlags::EXCHANGE);
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { over, rounds, thread: Some(thread) }
    }

    fn finish(mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        assert!(self.rounds.load(Ordering::Relaxed) > 20_000, "the racer was slow");
    }
}

/// Runs containers, and creates and enters some, while a place in the image is swapped.
fn race(place: &str, target: impl Fn(&Canary) -> PathBuf, change: impl Fn(&mut Value)) {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let racer = Racer::start(&lab.path("rootfs").join(place), &target(&canary));
    let mut spec = lab.spec("true");
    spec["root"]["readonly"] = json!(false);
    change(&mut spec);
    for round in 0..STARTS {
        // Some fail, as they should: with one message.
        let done = lab.run("a", spec.clone());
        assert!(done.code == 0 || done.err.lines().count() == 1, "{done:?}");
        if round % 4 == 0 {
            let bundle = lab.bundle("b", spec.clone());
            lab.call(&["create", "--bundle", bundle.to_str().unwrap(), "b"]);
            lab.call(&["delete", "--force", "b"]).ok();
        }
    }
    while racer.rounds.load(Ordering::Relaxed) <= 20_000 {
        std::thread::yield_now();
    }
    racer.finish();
    canary.sings();
    lab.is_clean();
}

fn add_mount(spec: &mut Value, mount: Value) {
    spec["mounts"].as_array_mut().unwrap().push(mount);
}

#[test]
fn a3_and_a4_and_a6_dev_is_swapped() {
    let own = |spec: &mut Value| {
        let mounts = spec["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
        spec["linux"]["devices"] = json!([{ "path": "/dev/fuse", "type": "c", "major": 10, "minor": 229 }]);
    };
    race("dev", |canary| canary.0.join("dir"), own);
    race("dev", |canary| canary.0.join("dir"), |_| ());
}

#[test]
fn a5_proc_is_swapped() {
    race("proc", |canary| canary.0.join("dir"), |spec| spec["linux"]["sysctl"] = json!({ "net.ipv4.ip_forward": "1" }));
}

#[test]
fn a7_a_mount_target_is_swapped() {
    let targets = |spec: &mut Value| {
        add_mount(spec, json!({ "destination": "/data/below/new", "type": "tmpfs", "source": "tmpfs" }));
        add_mount(
            spec,
            json!({ "destination": "/data/file", "type": "bind", "source": "/etc/passwd", "options": ["bind"] }),
        );
    };
    race("data", |canary| canary.0.join("dir"), targets);
    race("data/below", |canary| canary.0.clone(), targets);
}

#[test]
fn a8_a_working_directory_is_swapped() {
    race("area", |canary| canary.0.join("dir"), |spec| spec["process"]["cwd"] = json!("/area/new/deep"));
}

#[test]
fn a2_no_descriptor_leads_out() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    symlink("/proc/self/fd/7/../../..", lab.path("rootfs/out")).unwrap();
    lab.sleeping("b");
    let cwds = (3..20).map(|fd| format!("/proc/self/fd/{fd}")).chain(["/out".to_owned()]);
    for cwd in cwds {
        let mut spec = lab.spec("readlink /proc/self/cwd; ls");
        spec["process"]["cwd"] = json!(cwd);
        let done = lab.run("a", spec);
        assert!(done.code != 0 || !done.out.contains("canary"), "{cwd}: {done:?}");
        let done = lab.call(&["exec", "--cwd", &cwd, "b", "sh", "-c", "ls"]);
        assert!(done.code != 0 || !done.out.contains("canary"), "{cwd}: {done:?}");
    }
    let listed = lab.run("a", lab.spec("ls /proc/self/fd")).ok();
    // The listing's own descriptor is the fourth.
    assert_eq!(listed, "0\n1\n2\n3\n");
    assert_eq!(lab.call(&["exec", "b", "ls", "/proc/self/fd"]).ok(), "0\n1\n2\n3\n");
    lab.call(&["delete", "--force", "b"]).ok();
    canary.sings();
    lab.is_clean();
}

#[test]
fn a10_and_a11_nothing_is_inherited() {
    let lab = Lab::new();
    let mut spec = lab.spec("sleep 100");
    spec["process"]["user"] = json!({ "uid": 1000, "gid": 1000 });
    let bundle = lab.bundle("a", spec);
    lab.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    let state: Value = serde_json::from_str(&lab.call(&["state", "a"]).ok()).unwrap();
    let own = fs::read_to_string(format!("/proc/{}/status", state["pid"])).unwrap();
    let entered = lab.call(&["exec", "--cap", "CAP_CHOWN", "a", "cat", "/proc/self/status"]).ok();
    for status in [own, entered] {
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        assert_eq!(
            (value("CapInh:"), value("CapAmb:"), value("Groups:")),
            ("0".repeat(16), "0".repeat(16), String::new())
        );
    }
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
fn a15_control_groups_cannot_be_mounted_or_given_an_agent() {
    let lab = Lab::new();
    let mut spec = lab.spec("sleep 100");
    let cgroup =
        json!({ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid"] });
    add_mount(&mut spec, cgroup);
    let bundle = lab.bundle("a", spec);
    lab.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    let script = "for type in cgroup cgroup2; do busybox mount -t $type none /tmp && echo mounted; done; \
        for file in $(busybox find /sys/fs/cgroup -name release_agent -o -name cgroup.procs); do \
        echo /tmp/x > $file && echo written $file; done; true";
    assert_eq!(lab.call(&["exec", "a", "sh", "-c", script]).ok(), "");
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
fn a16_a_sysctl_carries_no_other() {
    let lab = Lab::new();
    let pattern = fs::read("/proc/sys/kernel/core_pattern").unwrap();
    for (name, value) in [
        ("net.ipv4.ip_forward", "1+kernel.core_pattern=x"),
        ("net.ipv4.ip_forward", "1\nkernel.core_pattern=x"),
        ("kernel.core_pattern", "x"),
        ("net.ipv4.conf.../../../kernel/core_pattern", "x"),
        ("net/../kernel/core_pattern", "x"),
    ] {
        let mut spec = lab.spec("true");
        spec["linux"]["sysctl"] = json!({ name: value });
        lab.run("a", spec).refused();
    }
    assert_eq!(fs::read("/proc/sys/kernel/core_pattern").unwrap(), pattern);
    lab.is_clean();
}

#[test]
fn a17_root_of_a_user_namespace_is_nobody_outside() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let secret = canary.0.join("file");
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let canary = Canary::new(&lab);
    fs::write(lab.path("rootfs/secret"), "").unwrap();
    let mut spec = lab.spec("cat /secret; echo > /secret; echo 0 0 1 > /proc/self/uid_map; cat /proc/1/uid_map; true");
    spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "user" }));
    let map = json!([{ "containerID": 0, "hostID": 200_000, "size": 1000 }]);
    (spec["linux"]["uidMappings"], spec["linux"]["gidMappings"]) = (map.clone(), map);
    add_mount(&mut spec, json!({ "destination": "/secret", "type": "bind", "source": secret, "options": ["bind"] }));
    spec["root"]["readonly"] = json!(false);
    let done = lab.run("a", spec);
    assert_eq!(done.out.split_whitespace().collect::<Vec<_>>(), ["0", "200000", "1000"], "{done:?}");
    canary.sings();
    lab.is_clean();
}

#[test]
fn a20_what_is_far_too_much_is_refused_or_done() {
    let lab = Lab::new();
    let many =
        |count: u32| (0..count).map(|id| json!({ "containerID": id, "hostID": id, "size": 1 })).collect::<Vec<_>>();
    let mut spec = lab.spec("true");
    spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "user" }));
    (spec["linux"]["uidMappings"], spec["linux"]["gidMappings"]) = (json!(many(100_000)), json!(many(1)));
    assert!(lab.run("a", spec).refused().contains("uid_map"));
    let mut spec = lab.spec("true");
    spec["process"]["env"] = json!(["PATH=/bin", format!("X={}", "x".repeat(3 << 20))]);
    let message = lab.run("a", spec).refused();
    assert!(message.contains("argument list too long"), "{message}");
    let mut spec = lab.spec("echo $X | busybox wc -c");
    spec["process"]["env"] = json!(["PATH=/bin", format!("X={}", "x".repeat(70_000))]);
    assert_eq!(lab.run("a", spec).ok().trim(), "70001");
    let mut spec = lab.spec("busybox grep -c many /proc/self/mounts");
    for number in 0..300 {
        add_mount(
            &mut spec,
            json!({ "destination": format!("/tmp/many{number}"), "type": "tmpfs", "source": "tmpfs" }),
        );
    }
    assert_eq!(lab.run("a", spec).ok(), "300\n");
    lab.is_clean();
}

/// CVE-2016-9962. What enters is seen by a container that may trace it only when it has no more rights than the container.
#[test]
fn a9_one_that_enters_brings_no_rights() {
    let lab = Lab::new();
    let script = "while :; do for process in /proc/[0-9]*; do case $process in /proc/1) continue ;; esac; \
        grep -h -e '^Name:' -e '^CapPrm:' -e '^CapInh:' $process/status >> /tmp/seen; \
        readlink $process/root $process/cwd $process/fd/3 $process/fd/4 $process/fd/5 >> /tmp/links; done; done 2>/dev/null";
    let mut spec = lab.spec(script);
    for kind in ["bounding", "effective", "permitted"] {
        spec["process"]["capabilities"][kind] = json!(["CAP_SYS_PTRACE"]);
    }
    let bundle = lab.bundle("a", spec);
    lab.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    // Each is there for an instant: until some were seen.
    let seen = || lab.call(&["exec", "a", "cat", "/tmp/seen"]).ok();
    for _ in 0..40 {
        for _ in 0..25 {
            lab.call(&["exec", "a", "true"]).ok();
        }
        if seen().lines().filter(|line| line.starts_with("Name:\ttrue") || line.starts_with("Name:\tgantry")).count()
            > 4
        {
            break;
        }
    }
    let all = seen();
    assert!(all.contains("Name:\ttrue") || all.contains("Name:\tgantry"), "none was seen: {all}");
    let most = 1u64 << 19;
    for set in all.lines().filter_map(|line| line.strip_prefix("CapPrm:").or(line.strip_prefix("CapInh:"))) {
        let set = u64::from_str_radix(set.trim(), 16).unwrap();
        assert_eq!(set & !most, 0, "{all}");
    }
    let links = lab.call(&["exec", "a", "cat", "/tmp/links"]).ok();
    let inside = |link: &str| {
        link == "/"
            || link == "(unreachable)"
            || ["pipe:", "socket:", "/dev/null", "/proc", "/tmp/"].iter().any(|own| link.starts_with(own))
    };
    let outside: Vec<&str> = links.lines().filter(|link| !inside(link)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
fn a12_the_specification_of_spec_hides_and_forbids_what_it_should() {
    let lab = Lab::new();
    let mut spec = lab.written_spec();
    spec["process"]["args"] = json!(["sleep", "1000"]);
    let bundle = lab.bundle("a", spec);
    lab.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    let script = "for p in kcore keys timer_list sched_debug; do \
            [ -e /proc/$p ] && [ $(busybox head -c1 /proc/$p 2>/dev/null | busybox wc -c) != 0 ] && echo read $p; done; \
        for d in /proc/scsi /proc/acpi /sys/firmware; do [ -d $d ] && [ -n \"$(ls $d)\" ] && echo listed $d; done; \
        for w in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/uevent_helper \
            /sys/fs/cgroup/x; do (echo x > $w) 2>/dev/null && echo wrote $w; done; \
        busybox mount -t tmpfs x /tmp 2>/dev/null && echo mounted; busybox umount /proc/keys 2>/dev/null && echo unmasked; \
        grep -e CapBnd -e CapEff -e NoNewPrivs /proc/self/status";
    // CAP_KILL, CAP_NET_BIND_SERVICE and CAP_AUDIT_WRITE.
    let expect = "CapEff:\t0000000020000420\nCapBnd:\t0000000020000420\nNoNewPrivs:\t1\n";
    assert_eq!(lab.call(&["exec", "a", "sh", "-c", script]).ok(), expect);
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

/// The number of a dead PID 1 is given to a stranger, in a PID namespace where that can be had.
#[test]
fn a18_a_stranger_with_the_number_of_pid_1_is_left_alone() {
    // Processes are told apart by their start, which the kernel tells in hundredths of a second (proc_pid_stat(5)):
    // hence the pause, without which the stranger may have begun in the same one.
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("sleep 1000"));
    let script = "set -e; runtime=\"$0 --root $1\"
        $runtime run --detach --bundle $2 a </dev/null >/dev/null 2>&1
        pid=$($runtime state a | sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p')
        kill -9 $pid
        while [ -e /proc/$pid/stat ] && ! grep -q ') Z' /proc/$pid/stat; do sleep 0.01; done
        while [ -e /proc/$pid ]; do sh -c true; done
        sleep 0.02
        while :; do
            echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid
            sleep 1000 & stranger=$!
            [ $stranger != $pid ] || break
            kill $stranger
        done
        for words in 'state a' 'kill a KILL' 'exec a true' 'pause a' 'ps a' 'start a' 'delete --force a'; do
            $runtime $words >/dev/null 2>&1 || :
            kill -0 $stranger && grep -q '(sleep) [SR]' /proc/$stranger/stat || echo \"$words reached it\"
        done
        kill -9 $stranger; echo done";
    let mut command = std::process::Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", script]);
    command.arg(&lab.program).arg(lab.path("state")).arg(&bundle);
    assert_eq!(lab.finish(&mut command).ok(), "done\n");
    lab.is_clean();
}

/// Kernels before Linux 5.6 and old filters of engines around us have no openat2(2).
#[test]
fn links_lead_nowhere_without_openat2_either() {
    let without = std::thread::spawn(|| {
        // struct sock_filter of linux/filter.h: load the number; if it is openat2's on all machines, ENOSYS; else allow.
        let program = [(0x20, 0, 0, 0), (0x15, 0, 1, 437), (0x06, 0, 0, 0x0005_0026), (0x06, 0, 0, 0x7fff_0000)];
        let bytes = program.into_iter().flat_map(|(code, yes, no, value): (u16, u8, u8, u32)| {
            [code.to_ne_bytes().to_vec(), vec![yes, no], value.to_ne_bytes().to_vec()].concat()
        });
        sys::seccomp::load(&bytes.collect::<Vec<u8>>(), 0).unwrap();
        let lab = Lab::new();
        let canary = Canary::new(&lab);
        let root = lab.path("rootfs");
        symlink(lab.path("canary/dir"), root.join("out")).unwrap();
        symlink("../../../../../../..", root.join("up")).unwrap();
        let mut spec = lab.spec("echo x > /out/deep/file; cat /proc/sys/net/ipv4/ip_forward; ls /etc");
        spec["root"]["readonly"] = json!(false);
        for target in ["/out/deep", "/up/new"] {
            add_mount(&mut spec, json!({ "destination": target, "type": "tmpfs", "source": "tmpfs" }));
        }
        spec["linux"]["sysctl"] = json!({ "net.ipv4.ip_forward": "1" });
        assert_eq!(lab.run("a", spec.clone()).ok(), "1\n");
        canary.sings();
        spec["process"]["args"] = json!(["sleep", "1000"]);
        let bundle = lab.bundle("b", spec);
        lab.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), "b"]).ok();
        let error = lab.call(&["exec", "--cwd", "/out/deep/none", "b", "true"]);
        assert_ne!(error.code, 0);
        assert_eq!(lab.call(&["exec", "--cwd", "/out/deep", "b", "sh", "-c", "echo y > new; pwd"]).code, 0);
        canary.sings();
        lab.call(&["delete", "--force", "b"]).ok();
        lab.is_clean();
    });
    without.join().unwrap();
}

/// Which calls Docker's profile denies is compared with libseccomp call by call where it is compiled; here every door.
#[test]
fn a13_the_filter_is_in_force_by_run_create_and_exec() {
    let lab = Lab::new();
    let try_it = "mkdir=$(busybox mkdir /tmp/x 2>&1); echo $mkdir; busybox chmod 700 /tmp && echo chmod; \
        grep -e '^Seccomp:' /proc/self/status; busybox unshare -U true 2>&1";
    let spec = |script: &str| {
        let mut spec = lab.spec(script);
        spec["linux"]["seccomp"] = json!({
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            "syscalls": [
                { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 },
                { "names": ["unshare"], "action": "SCMP_ACT_ERRNO" },
            ],
        });
        spec
    };
    let expect = "mkdir: can't create directory '/tmp/x': Operation not supported\nchmod\nSeccomp:\t2\n\
        unshare: unshare(0x10000000): Operation not permitted\n";
    let done = lab.run("a", spec(try_it));
    assert_eq!(done.out, expect, "{done:?}");
    let bundle = lab.bundle("b", spec("sleep 1000"));
    lab.call(&["create", "--bundle", bundle.to_str().unwrap(), "b"]).ok();
    lab.call(&["start", "b"]).ok();
    for more in [&[][..], &["--user", "1000"], &["--cap", "CAP_SYS_ADMIN"]] {
        let words = [&["exec"], more, &["b", "sh", "-c", try_it]].concat();
        let done = lab.call(&words);
        assert!(done.out.starts_with(&expect[..60]) && done.out.contains("Seccomp:\t2"), "{done:?}");
        assert!(done.out.ends_with("unshare: unshare(0x10000000): Operation not permitted\n"), "{done:?}");
    }
    lab.call(&["delete", "--force", "b"]).ok();
    lab.is_clean();
}
