//! Namespaces: new, joined, given and the host's.

use std::fs;
use std::path::PathBuf;

use oci::runtime::{IdMapping, Namespace};
use runtime::{Container, ErrorKind};

use crate::support::*;

pub const CASES: &[Case] = &[
    ("new namespaces are all others than the host's", new),
    ("what is not listed is the host's", host),
    ("a network namespace can be given by descriptor", network_given),
    ("namespaces of another container can be joined by path", joined),
    ("in a PID namespace that is joined the container is not PID 1", joined_pid),
    ("host name and domain name are the container's own", names),
    ("a host name without a namespace is refused", host_names_refused),
    ("sysctls are written in the container and not on the host", sysctls),
    ("root of a user namespace is nobody on the host", user),
    ("a user namespace and a given network go together", user_with_network),
];

const ALL: [&str; 6] = ["mnt", "net", "uts", "pid", "ipc", "cgroup"];

fn show() -> String {
    ALL.map(|name| format!("readlink /proc/self/ns/{name};")).concat()
}

fn of_host(name: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{name}")).unwrap().display().to_string()
}

fn new() {
    let output = Test::shell(&show()).output();
    assert_eq!(output.lines().count(), ALL.len());
    for (name, line) in ALL.iter().zip(output.lines()) {
        assert_ne!(line, of_host(name));
    }
}

fn host() {
    let mut test = Test::shell(&format!("{} cat /proc/self/cgroup", show()));
    test.spec.hostname = None;
    test.linux().namespaces.retain(|namespace| namespace.kind == "mount");
    test.spec.mounts.retain(|mount| mount.kind.as_deref() != Some("cgroup"));
    let output = test.output();
    let lines: Vec<_> = output.lines().collect();
    for (name, line) in ALL.iter().zip(&lines).skip(1) {
        assert_eq!(*line, of_host(name));
    }
    assert!(lines[6..].iter().all(|line| line.ends_with("/c")), "{output}");
}

fn network_given() {
    let case = Test::new(&["sleep", "1000"]);
    let (holder, _streams) = case.start().unwrap();
    let path = format!("/proc/{}/ns/net", holder.pid());
    let netns = fs::File::open(&path).unwrap();
    let mut test = Test::new(&["readlink", "/proc/self/ns/net"]);
    test.linux().cgroups_path = test.linux().cgroups_path.take().map(|path| path + "2");
    let (io, streams) = pipes();
    let container = test.create_in(io, Some(netns.into())).unwrap().start().unwrap();
    assert_eq!(read_all(streams.output).trim(), fs::read_link(path).unwrap().to_str().unwrap());
    wait(container.pidfd());
    container.destroy().unwrap();
    finish(&holder);
}

fn with_holder(test: impl FnOnce(&Container)) {
    let mut holder = Test::new(&["sleep", "1000"]);
    holder.linux().cgroups_path = holder.linux().cgroups_path.take().map(|path| path + "-holder");
    let (container, _streams) = holder.start().unwrap();
    test(&container);
    finish(&container);
}

fn join(test: &mut Test, holder: &Container, kind: &str, file: &str) {
    let path = Some(PathBuf::from(format!("/proc/{}/ns/{file}", holder.pid())));
    let namespaces = &mut test.linux().namespaces;
    namespaces.retain(|namespace| namespace.kind != kind);
    namespaces.push(Namespace { kind: kind.to_owned(), path });
}

fn joined() {
    with_holder(|holder| {
        let mut test = Test::shell("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; hostname");
        join(&mut test, holder, "network", "net");
        join(&mut test, holder, "ipc", "ipc");
        join(&mut test, holder, "uts", "uts");
        test.spec.hostname = None;
        let link = |name: &str| fs::read_link(format!("/proc/{}/ns/{name}", holder.pid())).unwrap();
        let expect = format!("{}\n{}\nbox\n", link("net").display(), link("ipc").display());
        assert_eq!(test.output(), expect);
    });
}

fn joined_pid() {
    with_holder(|holder| {
        let mut test = Test::shell("cat /proc/1/comm; test $$ != 1 && echo other; sleep 1000 & exec true");
        join(&mut test, holder, "pid", "pid");
        let (container, streams) = test.start().unwrap();
        assert_eq!(read_line(&streams.output), "sleep");
        assert_eq!(read_line(&streams.output), "other");
        assert_eq!(wait(container.pidfd()), 0);
        // The sleeper lives on in the other container's namespace, and is killed with the control group.
        container.destroy().unwrap();
        drop(streams.stdin);
        assert_eq!(read_all(streams.output), "");
    });
}

fn names() {
    let mut test = Test::shell("hostname; cat /proc/sys/kernel/domainname");
    test.spec.domainname = Some("example".to_owned());
    let before = rustix::system::uname().nodename().to_owned();
    assert_eq!(test.output(), "box\nexample\n");
    assert_eq!(rustix::system::uname().nodename(), &*before);
}

fn host_names_refused() {
    let mut test = Test::new(&["true"]);
    test.linux().namespaces.retain(|namespace| namespace.kind != "uts");
    assert_eq!(test.refusal().message(), "unable to set hostname without a private UTS namespace");
}

fn sysctls() {
    let path = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    let before = fs::read_to_string(path).unwrap();
    let mut test = Test::new(&["cat", path]);
    test.linux().sysctl.insert("net.ipv4.ip_unprivileged_port_start".to_owned(), "77".to_owned());
    assert_eq!(test.output(), "77\n");
    assert_eq!(fs::read_to_string(path).unwrap(), before);
    test.linux().sysctl.insert("net.ipv4.no_such".to_owned(), "1".to_owned());
    assert_eq!(test.refusal().message(), "write sysctl key net.ipv4.no_such: no such file or directory");
    test.linux().sysctl.insert("kernel.core_pattern".to_owned(), "x".to_owned());
    let error = test.refusal();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.message(), r#"sysctl "kernel.core_pattern" is not in a separate kernel namespace"#);
}

fn map_users(test: &mut Test) {
    let map = IdMapping { container_id: 0, host_id: 100_000, size: 65_536 };
    test.linux().uid_mappings = vec![map.clone()];
    test.linux().gid_mappings = vec![map];
    test.linux().namespaces.push(Namespace { kind: "user".to_owned(), path: None });
    // What the host's root owns is nobody's inside.
    for name in ["", "bin", "etc", "bin/busybox"] {
        rustix::fs::chown(test.scratch.image(name), Some(rustix::fs::Uid::from_raw(100_000)), None).unwrap();
    }
    for name in ["upper", "work"] {
        rustix::fs::chown(test.scratch.beside(name), Some(rustix::fs::Uid::from_raw(100_000)), None).unwrap();
    }
}

fn user() {
    let mut test = Test::shell(
        "id -u; cat /proc/self/uid_map; cat /data/file 2>&1; touch /x && stat -c %u /x; stat -c '%t:%T' /dev/null; echo up >&2; head -n1",
    );
    let canary = canary(&test.scratch);
    fs::set_permissions(canary.join("file"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    test.spec.mounts.push(mount("/data", "bind", canary.to_str().unwrap(), "rbind,rprivate"));
    map_users(&mut test);
    let (container, streams) = test.start().unwrap();
    let lines: Vec<_> = (0..6).map(|_| read_line(&streams.output)).collect();
    assert_eq!(lines[0], "0");
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["0", "100000", "65536"]);
    assert_eq!(lines[2..], ["cat: can't open '/data/file': Permission denied", "0", "1:3", "up"]);
    let status = fs::read_to_string(format!("/proc/{}/status", container.pid())).unwrap();
    assert!(status.contains("Uid:\t100000\t"));
    let inside = exec(&container, "id -u; cat /proc/self/uid_map");
    assert!(inside.output.starts_with("0\n") && inside.output.contains("100000"), "{}", inside.output);
    finish(&container);
    test.linux().gid_mappings.clear();
    assert_eq!(test.refusal().message(), "a new user namespace needs mappings of user and group ids");
}

fn user_with_network() {
    with_holder(|holder| {
        let mut test = Test::shell("readlink /proc/self/ns/net");
        map_users(&mut test);
        // Of the host's user namespace, which sysfs asks about.
        test.spec
            .mounts
            .retain(|mount| mount.kind.as_deref() != Some("sysfs") && mount.kind.as_deref() != Some("cgroup"));
        let path = format!("/proc/{}/ns/net", holder.pid());
        let (io, streams) = pipes();
        let container = test.create_in(io, Some(fs::File::open(&path).unwrap().into())).unwrap();
        let container = container.start().unwrap();
        assert_eq!(read_all(streams.output).trim(), fs::read_link(path).unwrap().to_str().unwrap());
        wait(container.pidfd());
        container.destroy().unwrap();
    });
}
