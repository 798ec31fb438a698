//! Attacks of the past, each of which must fail. The verdict is the canary's.

use std::fs;
use std::os::unix::fs::symlink;

use runtime::ErrorKind;

use crate::support::*;

pub const CASES: &[Case] = &[
    ("A2: no descriptor of the host is open in PID 1 or an entering process", descriptors),
    ("A2: a working directory through a descriptor stays inside", working_directories),
    ("A3: a /dev/null of the image is no mask", masks_by_link),
    ("A4: a /dev/console that is a link is not followed", console_link),
    ("A5: a /proc that is a link is refused, and nothing hides it", proc_links),
    ("A6: a /dev that is a link leads to nothing outside", dev_links),
    ("A7: mount targets behind links stay inside", target_links),
    ("A9: an entering process has no rights that the container could take from it", entering_is_harmless),
    ("A12: masks, read-only paths and capabilities hold against the default user", defaults_hold),
];

fn descriptors() {
    let _leak = fs::File::open("/").unwrap();
    let leak = rustix::io::fcntl_getfd(&_leak).unwrap() - rustix::io::FdFlags::CLOEXEC;
    rustix::io::fcntl_setfd(&_leak, leak).unwrap();
    let case = Test::new(&["sleep", "1000"]);
    let (container, _streams) = case.start().unwrap();
    let of_init = fs::read_dir(format!("/proc/{}/fd", container.pid())).unwrap().count();
    assert_eq!(of_init, 3);
    // The fourth is that of the listing itself.
    assert_eq!(exec(&container, "ls /proc/self/fd | wc -l").output, "4\n");
    finish(&container);
    // At the gate there is the channel as well, and nothing else.
    let created = Test::new(&["true"]).create_with(pipes().0).unwrap();
    assert_eq!(fs::read_dir(format!("/proc/{}/fd", created.pid())).unwrap().count(), 4);
}

fn working_directories() {
    let _leak = fs::File::open("/").unwrap();
    let case = Test::new(&["sleep", "1000"]);
    let (container, _streams) = case.start().unwrap();
    for number in 0..64 {
        for path in [format!("/proc/self/fd/{number}"), format!("/proc/1/fd/{number}"), "/link".to_owned()] {
            let mut test = Test::new(&["ls", "-a"]);
            symlink(format!("/proc/self/fd/{number}"), test.scratch.image("link")).unwrap();
            test.process().cwd = path.as_str().into();
            test.linux().cgroups_path = test.linux().cgroups_path.take().map(|path| path + "2");
            let error = test.refusal();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.message().starts_with("chdir to cwd"), "{error}");
            let mut entering = process(&["ls", "-a"]);
            entering.cwd = path.into();
            assert!(exec_with(&container, &entering).is_err());
        }
    }
    finish(&container);
}

fn masks_by_link() {
    let core_pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    let mut test = Test::shell("wc -c < /proc/interrupts; wc -c < /proc/keys; (echo x > /proc/keys); echo done");
    test.spec.mounts.retain(|mount| !mount.destination.starts_with("/dev"));
    fs::create_dir(test.scratch.image("dev")).unwrap();
    symlink("/proc/sys/kernel/core_pattern", test.scratch.image("dev/null")).unwrap();
    let error = test.refusal();
    assert_eq!(error.message(), "create device `/dev/null`: something else is there");
    // On a volume of one's own nothing is made, and the masks are real all the same.
    let dev = test.scratch.image("dev");
    let source = dev.to_str().unwrap().to_owned();
    test.spec.mounts.push(mount("/dev", "bind", &source, "rbind,rprivate"));
    assert_eq!(test.output(), "0\n0\ndone\n");
    assert_eq!(fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap(), core_pattern);
}

fn console_link() {
    let mut test = Test::new(&["true"]);
    let canary = canary(&test.scratch);
    test.spec.mounts.retain(|mount| mount.destination.to_str() != Some("/dev"));
    fs::create_dir(test.scratch.image("dev")).unwrap();
    symlink(canary.join("file"), test.scratch.image("dev/console")).unwrap();
    test.process().terminal = true;
    let error = test.create_with(runtime::Io::Terminal).expect_err("a link");
    assert_eq!(error.message(), "`/dev/console` is a link");
    check_canary(&canary);
}

fn proc_links() {
    for target in ["/tmp/elsewhere", "../tmp/elsewhere", "/etc"] {
        let test = Test::new(&["true"]);
        symlink(target, test.scratch.image("proc")).unwrap();
        let error = test.refusal();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("must be mounted on an ordinary directory"), "{error}");
    }
    for (target, kind) in
        [("/proc", "tmpfs"), ("/proc/sys", "tmpfs"), ("/proc/self/attr", "tmpfs"), ("/link/sys", "tmpfs")]
    {
        let mut test = Test::new(&["true"]);
        symlink("/proc", test.scratch.image("link")).unwrap();
        test.spec.mounts.push(mount(target, kind, "tmpfs", ""));
        assert!(test.refusal().message().ends_with("cannot be mounted because it is inside /proc"));
        test.spec.mounts.rotate_right(1);
        if target == "/link/sys" {
            // A directory of the image, which procfs then hides.
            test.output();
        } else {
            let message = test.refusal().to_string();
            assert!(message.ends_with("before procfs is mounted there"), "{message}");
        }
    }
    // What lxcfs does is allowed.
    let mut test = Test::new(&["cat", "/proc/uptime"]);
    let file = test.scratch.beside("uptime");
    fs::write(&file, "1 2\n").unwrap();
    test.spec.mounts.push(mount("/proc/uptime", "bind", file.to_str().unwrap(), "bind"));
    assert_eq!(test.output(), "1 2\n");
}

fn dev_links() {
    for relative in [false, true] {
        let mut test = Test::new(&["true"]);
        let canary = canary(&test.scratch);
        let target = if relative {
            "../../../../../../".to_owned() + canary.to_str().unwrap()
        } else {
            canary.display().to_string()
        };
        symlink(target + "/dir", test.scratch.image("dev")).unwrap();
        let _ = test.run();
        check_canary(&canary);
        // Nor without a file system of its own on it.
        test.spec.mounts.retain(|mount| !mount.destination.starts_with("/dev"));
        let _ = test.run();
        check_canary(&canary);
        drop(test.create_with(pipes().0));
        check_canary(&canary);
    }
}

fn target_links() {
    let mut test = Test::new(&["true"]);
    let canary = canary(&test.scratch);
    let source = test.scratch.beside("source");
    fs::create_dir(&source).unwrap();
    symlink(&canary, test.scratch.image("out")).unwrap();
    symlink("../../../../../../..", test.scratch.image("up")).unwrap();
    let up = format!("/up/{}", canary.display());
    for target in ["/out/dir/a/b", &format!("{up}/dir/c"), "/out/../out/dir/d", "/../../out/dir/e"] {
        test.spec.mounts.push(mount(target, "bind", source.to_str().unwrap(), "rbind"));
        test.spec.mounts.push(mount(&format!("{target}-t"), "tmpfs", "tmpfs", ""));
    }
    test.process().cwd = "/out/dir/work".into();
    test.output();
    check_canary(&canary);
}

/// A process of the container with CAP_SYS_PTRACE may read and trace whatever it sees. So it must see nothing better
/// off than itself: the rights of each process that shows up are collected while others enter.
fn entering_is_harmless() {
    let watch = "echo up; i=0; while test $i -lt 300; do i=$((i+1)); busybox cat /proc/[0-9]*/status; \
        ls -l /proc/[0-9]*/fd; done 2>/dev/null | busybox awk '/^Cap(Prm|Eff|Bnd)/ {print $2} \
        / -> / && $NF !~ /^(pipe|socket|\\/proc\\/|\\/dev\\/null)/ {print $NF}' | busybox sort -u; echo end; sleep 1000";
    let mut test = Test::shell(watch);
    let capabilities = test.process().capabilities.as_mut().unwrap();
    for set in [&mut capabilities.bounding, &mut capabilities.effective, &mut capabilities.permitted] {
        set.push("CAP_SYS_PTRACE".to_owned());
    }
    let (container, streams) = test.start().unwrap();
    assert_eq!(read_line(&streams.output), "up");
    for _ in 0..300 {
        assert_eq!(exec_with(&container, &process(&["true"])).unwrap().code, 0);
    }
    let seen: Vec<_> = std::iter::repeat_with(|| read_line(&streams.output)).take_while(|line| line != "end").collect();
    // Docker's fourteen for those that enter, and one more for the watcher.
    assert_eq!(seen, ["00000000a80425fb", "00000000a80c25fb"]);
    finish(&container);
}

fn defaults_hold() {
    let mut test = Test::shell(
        "for p in /proc/keys /proc/timer_list /proc/interrupts; do test $(wc -c < $p) = 0 || echo $p; done; \
         for d in /sys/firmware /proc/acpi /proc/scsi /sys/devices/virtual/powercap; do test x = x$(ls $d 2>/dev/null | head -n1) || echo $d; done; \
         for w in /proc/sys/kernel/core_pattern /proc/irq/default_smp_affinity /sys/fs/cgroup/memory/release_agent /sys/kernel/uevent_helper; do (echo x > $w) 2>/dev/null && echo wrote $w; done; \
         mount -t tmpfs x /tmp 2>/dev/null && echo mounted; mount -o remount,rw /sys 2>/dev/null && echo remounted; busybox umount /proc/keys 2>/dev/null && echo unmasked; echo end",
    );
    assert_eq!(test.output(), "end\n");
    test.process().no_new_privileges = true;
    assert_eq!(test.output(), "end\n");
}
