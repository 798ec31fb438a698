//! A10 to A12: a container has Docker's rights and no others, through every door that starts a process in it.

use serde_json::json;

use crate::archives::Tar;
use crate::bench::Bench;

/// Bits of the fourteen capabilities that Docker gives by default.
const DOCKER: &str = "00000000a80425fb";
const NONE: &str = "0000000000000000";

/// The sets of capabilities, as a script prints them: inheritable, permitted, effective, bounding, ambient.
const SETS: &str = "grep ^Cap /proc/self/status | cut -f2";

fn sets(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn no_process_inherits_capabilities() {
    let bench = Bench::start();
    assert_eq!(sets(&bench.sh(&[], SETS)), [NONE, DOCKER, DOCKER, DOCKER, NONE]);
    assert_eq!(sets(&bench.sh(&["--user", "1000"], SETS)), [NONE, NONE, NONE, DOCKER, NONE]);
    let more = "00000000a82425fb";
    assert_eq!(sets(&bench.sh(&["--cap-add", "SYS_ADMIN"], SETS)), [NONE, more, more, more, NONE]);
    assert_eq!(sets(&bench.sh(&["--cap-add", "SYS_ADMIN", "--user", "1000"], SETS)), [NONE, NONE, NONE, more, NONE]);
    let less = "0000000000000400";
    let bind = ["--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"];
    assert_eq!(sets(&bench.sh(&bind, SETS)), [NONE, less, less, less, NONE]);
    assert_eq!(bench.sh(&["--cap-add", "ALL"], SETS).lines().next(), Some(NONE));
    assert_eq!(bench.sh(&["--privileged"], SETS).lines().next(), Some(NONE));
    bench.finish();
}

#[test]
fn no_exec_inherits_capabilities() {
    let bench = Bench::start();
    for (options, all, of_user) in [
        (&[][..], DOCKER, NONE),
        (&["--cap-add", "SYS_ADMIN"], "00000000a82425fb", NONE),
        (&["--cap-drop", "ALL"], NONE, NONE),
        (&["--user", "1000"], NONE, NONE),
    ] {
        let id = bench.sleeper(options);
        let text = bench.gantry.ok(&["exec", &id, "sh", "-c", SETS]);
        assert_eq!(sets(&text)[..3], [NONE, all, all], "{options:?}");
        assert_eq!(sets(&text)[4], NONE, "{options:?}");
        let text = bench.gantry.ok(&["exec", "-u", "1000", &id, "sh", "-c", SETS]);
        assert_eq!(sets(&text)[..3], [NONE, of_user, of_user], "{options:?}");
        let first = bench.gantry.ok(&["exec", &id, "grep", "CapInh", "/proc/1/status"]);
        assert!(first.ends_with(NONE), "{first}");
        let text = bench.gantry.ok(&["exec", "--privileged", &id, "sh", "-c", SETS]);
        assert_eq!(sets(&text)[0], NONE, "{options:?}");
    }
    bench.finish();
}

#[test]
fn supplementary_groups_are_the_user_s_and_no_others() {
    let bench = Bench::start();
    // A file that all may read but one group: who can shed the group can read it (CVE-2022-36109).
    let denied = "-rw----r-- of group 1000";
    let script = "id -u; id -g; id -G; (cat /secret) 2>/dev/null || echo denied";
    let tar = Tar::new().file(
        "bin/setup",
        0o755,
        b"#!/bin/sh\necho told > /secret; chgrp 1000 /secret; chmod 604 /secret; exec sleep 1000\n",
    );
    bench.add("groups", tar, json!({"Cmd": ["/bin/setup"]}));
    let id = bench.gantry.ok(&["run", "-d", "groups"]);
    testkit::eventually("the file", || {
        bench.gantry.ok(&["exec", &id, "ls", "-l", "/secret"]).starts_with("-rw----r--").then_some(())
    });
    for (user, expected) in [
        ("1000:1000", "1000\n1000\n1000\ndenied"),
        ("user", "1000\n1000\n1000 2000\ndenied"),
        ("1000", "1000\n1000\n1000 2000\ndenied"),
        ("user:user", "1000\n1000\n1000\ndenied"),
        ("1234", "1234\n0\n0\ntold"),
        ("1234:1000", "1234\n1000\n1000\ndenied"),
        ("root", "0\n0\n0\ntold"),
    ] {
        assert_eq!(bench.gantry.ok(&["exec", "-u", user, &id, "sh", "-c", script]), expected, "{user}, {denied}");
        let ids = expected.rsplit_once('\n').unwrap().0;
        assert_eq!(bench.sh(&["-u", user], "id -u; id -g; id -G"), ids, "{user}");
        let groups = bench.sh(&["-u", user], "grep ^Groups: /proc/1/status");
        assert!(!groups.split_whitespace().skip(1).any(|group| !ids.contains(group)), "{user}: {groups}");
    }
    assert_eq!(bench.sh(&["-u", "1000:1000", "--group-add", "7"], "id -G"), "1000 7");
    bench.finish();
}

#[test]
fn privileges_stay_dropped_where_that_is_asked_for() {
    let bench = Bench::start();
    let script = "grep -e NoNewPrivs -e ^Seccomp: /proc/self/status | cut -f2";
    assert_eq!(bench.sh(&[], script), "0\n2");
    assert_eq!(bench.sh(&["--security-opt", "no-new-privileges"], script), "1\n2");
    let id = bench.sleeper(&["--security-opt", "no-new-privileges", "--user", "1000"]);
    assert_eq!(bench.gantry.ok(&["exec", &id, "sh", "-c", script]), "1\n2");
    let id = bench.sleeper(&[]);
    assert_eq!(bench.gantry.ok(&["exec", &id, "sh", "-c", script]), "0\n2");
    bench.finish();
}

#[test]
fn masks_and_read_only_paths_hold_for_run_and_exec() {
    let bench = Bench::start();
    let script = "\
        for p in kcore keys timer_list sched_debug latency_stats interrupts; do \
            p=/proc/$p; [ -e $p ] && [ $(head -c1 $p 2>/dev/null | wc -c) != 0 ] && echo read $p; done; \
        for d in /proc/scsi /proc/acpi /proc/asound /sys/firmware /sys/devices/virtual/powercap; do \
            [ -d $d ] && [ -n \"$(ls $d)\" ] && echo listed $d; done; \
        for w in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger /proc/irq/default_smp_affinity \
            /proc/bus/x /proc/fs/x /sys/kernel/uevent_helper /sys/fs/cgroup/x /sys/fs/cgroup/memory/release_agent; do \
            (echo x > $w) 2>/dev/null && echo wrote $w; done; \
        mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x 2>/dev/null && echo made a group; \
        mount -t tmpfs x /tmp 2>/dev/null && echo mounted; mount -o remount,rw /sys 2>/dev/null && echo remounted; \
        umount /proc/keys 2>/dev/null && echo unmasked; \
        mknod /kmsg c 1 11 && (head -c1 /kmsg) 2>/dev/null && echo read kmsg; rm -f /kmsg; \
        echo end";
    let core_pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    assert_eq!(bench.sh(&[], script), "end");
    let id = bench.sleeper(&[]);
    assert_eq!(bench.gantry.ok(&["exec", &id, "sh", "-c", script]), "end");
    assert_eq!(bench.gantry.ok(&["exec", "-u", "1000", &id, "sh", "-c", &script.replace("mknod", "false &&")]), "end");
    // An exec with all capabilities has no more of the mounts, which are the container's.
    let read_only = "(echo x > /proc/sysrq-trigger) 2>/dev/null && echo wrote; head -c1 /proc/keys | wc -c";
    assert_eq!(bench.gantry.ok(&["exec", "--privileged", &id, "sh", "-c", read_only]), "0");
    assert_eq!(std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap(), core_pattern);
    bench.finish();
}
