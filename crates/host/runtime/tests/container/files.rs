//! The file system: root, mounts, devices, masks.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use oci::runtime::Mount;
use runtime::{ErrorKind, RootFs};
use rustix::fs::{FileType, Mode};

use crate::support::*;

pub const CASES: &[Case] = &[
    ("writes go to the upper layer and the image stays", overlay),
    ("many and long layers are mounted", many_layers),
    ("a directory is a root as it stands", directory),
    ("a read-only root cannot be written, its tmpfs can", read_only_root),
    ("the mount table holds the container's mounts alone", mount_table),
    ("binds of files and directories, read-only, recursive and made where missing", binds),
    ("shared and slave binds see the mounts they should, private ones none", propagation),
    ("a tmpfs takes its options, wrong ones are named", tmpfs),
    ("a tmpfs takes over the mode below it, and where it is asked for the content", copied_up),
    ("owners of a bind are shown under other ids", mapped_ids),
    ("devices are there with their numbers, modes and links", devices),
    ("devices of the specification are made with owner and mode", listed_devices),
    ("masked paths are empty and read-only paths refuse writes", masks),
    ("an own /dev is left alone", own_dev),
    ("links in the image lead inside", links),
];

fn overlay() {
    let test = Test::shell("echo new > /etc/new; echo changed > /etc/plain; cat /etc/plain");
    assert_eq!(test.output(), "changed\n");
    assert_eq!(fs::read_to_string(test.scratch.image("etc/plain")).unwrap(), "no program\n");
    assert_eq!(fs::read_to_string(test.scratch.beside("upper/etc/new")).unwrap(), "new\n");
    assert_eq!(Test { rootfs: None, ..test }.output(), "changed\n");
}

fn many_layers() {
    let mut test = Test::shell("cat /number; ls /layers | wc -l; cat /long");
    // Longer than what one string of fsconfig(2) holds.
    let deep = test.scratch.beside(&"d".repeat(200)).join("e".repeat(100));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("long"), "deep\n").unwrap();
    let layer = |number: u32| {
        let path = test.scratch.beside(&format!("layer:{number}"));
        fs::create_dir_all(path.join("layers")).unwrap();
        fs::write(path.join("layers").join(number.to_string()), "").unwrap();
        fs::write(path.join("number"), format!("{number}\n")).unwrap();
        path
    };
    let mut lower: Vec<PathBuf> = (0..120).map(layer).collect();
    lower.extend([deep, test.scratch.image("")]);
    let (upper, work) = (test.scratch.beside("upper"), test.scratch.beside("work"));
    test.rootfs = Some(RootFs::Overlay { lower, upper, work, volatile: false });
    assert_eq!(test.output(), "0\n120\ndeep\n");
}

fn directory() {
    let mut test = Test::shell("echo here > /made");
    test.rootfs = Some(RootFs::Directory { path: test.scratch.image("") });
    test.output();
    assert_eq!(fs::read_to_string(test.scratch.image("made")).unwrap(), "here\n");
}

fn read_only_root() {
    let mut test = Test::shell("touch /x 2>&1; touch /dev/shm/x && echo done");
    test.spec.root.as_mut().unwrap().readonly = true;
    assert_eq!(test.output(), "touch: /x: Read-only file system\ndone\n");
}

fn mount_table() {
    let output = Test::new(&["cat", "/proc/self/mounts"]).output();
    let targets: Vec<_> = output.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(targets[..5], ["/", "/proc", "/dev", "/dev/pts", "/sys"]);
    assert!(targets.contains(&"/dev/shm") && targets.contains(&"/dev/mqueue") && targets.contains(&"/proc/keys"));
    let own = ["/proc", "/dev", "/sys"];
    let foreign = targets.iter().skip(1).find(|target| !own.iter().any(|top| target.starts_with(top)));
    assert_eq!(foreign, None);
    let line = |target: &str| output.lines().find(|line| line.split(' ').nth(1) == Some(target)).unwrap();
    assert_eq!(line("/proc"), "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0");
    assert_eq!(line("/sys"), "sysfs /sys sysfs ro,nosuid,nodev,noexec,relatime 0 0");
    assert!(line("/dev/pts").contains("gid=5,mode=620,ptmxmode=666"));
    assert!(line("/dev/shm").starts_with("shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k"));
    for group in output.lines().filter(|line| line.contains(" /sys/fs/cgroup")) {
        assert!(group.contains(" ro,nosuid,nodev,noexec"), "{group}");
    }
    assert!(line("/").starts_with("overlay / overlay rw,relatime,lowerdir"), "{output}");
}

fn binds() {
    let mut test = Test::shell(
        "cat /new/dir/file /data/file; touch /ro/x 2>&1; touch /data/y; cat /data/below/file; touch /ro/below/z && echo w; touch /rro/below/z 2>&1; true",
    );
    let source = test.scratch.beside("source");
    fs::create_dir_all(source.join("below")).unwrap();
    fs::write(source.join("file"), "content\n").unwrap();
    let below = test.scratch.beside("below");
    fs::create_dir(&below).unwrap();
    fs::write(below.join("file"), "below\n").unwrap();
    let _mounted = HostMount::bind(&below, &source.join("below"));
    let text = source.to_str().unwrap().to_owned();
    test.spec.mounts.extend([
        mount("/new/dir/file", "bind", &format!("{text}/file"), "rbind,rprivate"),
        mount("/data", "bind", &text, "rbind,rw,rprivate"),
        mount("/ro", "bind", &text, "rbind,ro,rprivate"),
        mount("/rro", "bind", &text, "rbind,rro,rprivate"),
    ]);
    let expect =
        "content\ncontent\ntouch: /ro/x: Read-only file system\nbelow\nw\ntouch: /rro/below/z: Read-only file system\n";
    assert_eq!(test.output(), expect);
    assert!(source.join("y").exists());
    test.spec.mounts.push(mount("/gone", "bind", "/no/such", "rbind"));
    let error = test.refusal();
    let message = r#"error mounting "/no/such" to rootfs at "/gone": open `/no/such`: no such file or directory"#;
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, message));
    test.spec.mounts.pop();
    test.spec.mounts.push(mount("/etc/plain", "bind", &text, "rbind"));
    let message = format!(r#"error mounting "{text}" to rootfs at "/etc/plain": not a directory"#);
    assert_eq!(test.refusal().message(), message);
}

fn propagation() {
    let run = |propagation: &str| {
        let mut test = Test::shell(
            "echo up; head -n1 >/dev/null; cat /data/new/file 2>/dev/null; mount -t tmpfs tmpfs /data/own; echo $?; head -n1",
        );
        let source = test.scratch.beside("source");
        fs::create_dir_all(source.join("new")).unwrap();
        fs::create_dir_all(source.join("own")).unwrap();
        let _source = HostMount::shared(&source);
        test.spec.mounts.push(mount("/data", "bind", source.to_str().unwrap(), &format!("rbind,{propagation}")));
        let capabilities = test.process().capabilities.as_mut().unwrap();
        for set in [&mut capabilities.bounding, &mut capabilities.effective, &mut capabilities.permitted] {
            set.push("CAP_SYS_ADMIN".to_owned());
        }
        let (container, streams) = test.start().unwrap();
        read_line(&streams.output);
        let later = test.scratch.beside("later");
        fs::create_dir(&later).unwrap();
        fs::write(later.join("file"), "seen ").unwrap();
        let _later = HostMount::bind(&later, &source.join("new"));
        write_all(&streams.stdin, "\n");
        let seen = read_line(&streams.output);
        let table = fs::read_to_string("/proc/self/mounts").unwrap();
        let leaked = table.contains(source.join("own").to_str().unwrap());
        finish(&container);
        let _ = rustix::mount::unmount(source.join("own"), rustix::mount::UnmountFlags::DETACH);
        (seen, leaked)
    };
    assert_eq!(run("rprivate"), ("0".to_owned(), false));
    assert_eq!(run("rslave"), ("seen 0".to_owned(), false));
    assert_eq!(run("rshared"), ("seen 0".to_owned(), true));
}

fn tmpfs() {
    let mut test = Test::shell("stat -c '%a %u %g' /t; mount | grep ' /t '");
    test.spec.mounts.push(mount("/t", "tmpfs", "tmpfs", "noexec,nosuid,nodev,size=1m,mode=1700,uid=7,gid=8,ro"));
    let expect = "1700 7 8\ntmpfs on /t type tmpfs (ro,nosuid,nodev,noexec,relatime,size=1024k,mode=1700,uid=7,gid=8";
    let output = test.output();
    assert!(output.starts_with(expect), "{output}");
    test.spec.mounts.push(mount("/u", "tmpfs", "tmpfs", "size=much"));
    let message = test.refusal().to_string();
    assert!(message.contains("tmpfs: Bad value for 'size'"), "{message}");
    test.spec.mounts.pop();
    test.spec.mounts.push(mount("/u", "nosuchfs", "x", ""));
    assert_eq!(
        test.refusal().message(),
        r#"error mounting "nosuchfs" to rootfs at "/u": file system `nosuchfs`: no such device"#
    );
}

fn copied_up() {
    let mut test = Test::shell(
        "stat -c '%n %a %u %g %F' /data /data/* /plain; cat /data/file; readlink /data/link; echo new > /data/file",
    );
    let data = test.scratch.image("data");
    fs::create_dir_all(data.join("dir")).unwrap();
    fs::write(data.join("file"), "old\n").unwrap();
    symlink("/no/such", data.join("link")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, data.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o604), 0).unwrap();
    std::os::unix::fs::chown(data.join("file"), Some(7), Some(8)).unwrap();
    fs::set_permissions(data.join("file"), fs::Permissions::from_mode(0o4751)).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o3777)).unwrap();
    fs::create_dir(test.scratch.image("plain")).unwrap();
    fs::set_permissions(test.scratch.image("plain"), fs::Permissions::from_mode(0o1757)).unwrap();
    test.spec.mounts.extend([
        mount("/data", "tmpfs", "tmpfs", "rprivate,nosuid,nodev,tmpcopyup"),
        mount("/plain", "tmpfs", "tmpfs", "nosuid"),
    ]);
    let expect = "/data 3777 0 0 directory\n/data/dir 755 0 0 directory\n/data/file 4751 7 8 regular file\n\
        /data/link 777 0 0 symbolic link\n/data/pipe 604 0 0 fifo\n/plain 1757 0 0 directory\nold\n/no/such\n";
    assert_eq!(test.output(), expect);
    assert_eq!(fs::read_to_string(data.join("file")).unwrap(), "old\n");
}

fn mapped_ids() {
    let mut test = Test::shell("stat -c '%u %g' /data/file; touch /data/new");
    let source = test.scratch.beside("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("file"), "").unwrap();
    std::os::unix::fs::chown(source.join("file"), Some(1005), Some(1006)).unwrap();
    let mapping = |host_id| oci::runtime::IdMapping { container_id: 0, host_id, size: 2000 };
    test.spec.mounts.push(Mount {
        uid_mappings: vec![mapping(3000)],
        gid_mappings: vec![mapping(5000)],
        ..mount("/data", "bind", source.to_str().unwrap(), "rbind,idmap")
    });
    match test.run() {
        // This kernel's file system below /tmp may not be able to.
        Err(error) => assert!(error.message().contains("map ids: invalid argument"), "{error}"),
        Ok(outcome) => {
            // Root's 0 is nobody's on that mount.
            assert_eq!((outcome.output.lines().next(), outcome.code == 0), (Some("4005 6006"), false));
            assert!(!source.join("new").exists());
        }
    }
    test.spec.mounts.last_mut().unwrap().gid_mappings.clear();
    assert!(test.refusal().message().contains("mappings of both user and group ids"), "{}", test.refusal());
    test.spec.mounts.last_mut().unwrap().kind = Some("tmpfs".to_owned());
    test.spec.mounts.last_mut().unwrap().options.clear();
    assert_eq!(test.refusal().message(), "mount \"/data\": ids can be mapped for a bind alone");
}

fn devices() {
    let script = "cd /dev; for n in null zero full random urandom tty; do stat -c '%n %F %a %t:%T %u' $n; done; \
        for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done; ls";
    let expect = "null character special file 666 1:3 0\nzero character special file 666 1:5 0\n\
        full character special file 666 1:7 0\nrandom character special file 666 1:8 0\n\
        urandom character special file 666 1:9 0\ntty character special file 666 5:0 0\n\
        fd /proc/self/fd\nstdin /proc/self/fd/0\nstdout /proc/self/fd/1\nstderr /proc/self/fd/2\nptmx pts/ptmx\n\
        core\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n";
    assert_eq!(Test::shell(script).output(), expect);
}

fn listed_devices() {
    let mut test = Test::shell("stat -c '%F %a %t:%T %u:%g' /dev/deep/mine /dev/queue");
    let device = |kind: &str, path: &str, major, minor| oci::runtime::Device {
        kind: kind.to_owned(),
        path: path.into(),
        major,
        minor,
        file_mode: Some(0o640),
        uid: Some(5),
        gid: Some(6),
    };
    let list =
        vec![device("c", "/dev/deep/mine", 10, 229), device("p", "/dev/queue", 0, 0), device("c", "/dev/null", 1, 3)];
    test.linux().devices = list;
    assert_eq!(test.output(), "character special file 640 a:e5 5:6\nfifo 640 0:0 5:6\n");
    test.linux().devices = vec![device("c", "/dev/null", 1, 5)];
    assert_eq!(test.refusal().message(), "create device `/dev/null`: something else is there");
    test.linux().devices = vec![device("x", "/dev/x", 1, 5)];
    assert_eq!(test.refusal().message(), "create device `/dev/x`: type `x` is none of c, b, u, p");
}

fn masks() {
    let script = "wc -c < /proc/interrupts; wc -c < /proc/timer_list; ls /sys/firmware | wc -l; \
        stat -c '%t:%T' /proc/keys; touch /sys/firmware/x 2>&1; \
        for f in /proc/sys/kernel/hostname /proc/irq/default_smp_affinity; do (echo x > $f) 2>&1; done; true";
    let expect = "0\n0\n0\n1:3\ntouch: /sys/firmware/x: Read-only file system\n\
        sh: can't create /proc/sys/kernel/hostname: Read-only file system\n\
        sh: can't create /proc/irq/default_smp_affinity: Read-only file system\n";
    assert_eq!(Test::shell(script).output(), expect);
}

fn own_dev() {
    let mut test = Test::shell("ls /dev");
    test.spec.mounts.retain(|mount| !mount.destination.starts_with("/dev"));
    let source = test.scratch.beside("dev");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("only"), "").unwrap();
    test.spec.mounts.push(mount("/dev", "bind", source.to_str().unwrap(), "rbind,rprivate"));
    assert_eq!(test.output(), "only\n");
    assert_eq!(fs::read_dir(&source).unwrap().count(), 1);
}

fn links() {
    let mut test = Test::shell("cat /run/docker.sock; readlink /var/run");
    fs::create_dir(test.scratch.image("var")).unwrap();
    symlink("/run", test.scratch.image("var/run")).unwrap();
    let source = test.scratch.beside("socket");
    fs::write(&source, "through\n").unwrap();
    test.spec.mounts.push(mount("/var/run/docker.sock", "bind", source.to_str().unwrap(), "rbind"));
    assert_eq!(test.output(), "through\n/run\n");
    assert_eq!(fs::metadata(test.scratch.beside("upper/run/docker.sock")).unwrap().size(), 0);
}
