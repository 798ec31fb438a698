//! Users, groups, capabilities, no_new_privs, the filter.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;

use oci::runtime::{Seccomp, Syscall};
use runtime::ErrorKind;

use crate::support::*;

pub const CASES: &[Case] = &[
    ("the capability sets are Docker's and nothing is inheritable", capabilities),
    ("a user without capabilities has none, and ambient ones stay", user_capabilities),
    ("a capability that the host cannot give is left out with a warning", missing_capability),
    ("user, group and supplementary groups are exactly the given ones", groups),
    ("a group that is denied stays denied", negative_group),
    ("the user can open its own streams", own_streams),
    ("a null device on a stream is the container's own", own_null),
    ("the given umask holds", umask),
    ("no_new_privs is set where it is asked for", no_new_privs),
    ("the filter is in force with and without no_new_privs", filter),
    ("Docker's default filter lets programs start and stops mounting", default_filter),
    ("the OOM score is the given one", oom_score),
    ("the session keyring is the container's own", keyring),
];

/// Bits of the fourteen that Docker gives by default.
const DOCKER: &str = "00000000a80425fb";

fn status(test: &mut Test, prefix: &str) -> Vec<String> {
    test.process().args = vec!["grep".to_owned(), prefix.to_owned(), "/proc/self/status".to_owned()];
    let values = |line: &str| line.split_once(":\t").unwrap().1.to_owned();
    test.output().lines().map(values).collect()
}

fn capabilities() {
    let none = "0".repeat(16);
    let caps = status(&mut Test::new(&[""]), "^Cap");
    assert_eq!(caps, [&none, DOCKER, DOCKER, DOCKER, &none]);
}

fn user_capabilities() {
    let none = "0".repeat(16);
    let mut test = Test::new(&[""]);
    test.process().user.uid = 1000;
    let capabilities = test.process().capabilities.as_mut().unwrap();
    capabilities.permitted.clear();
    capabilities.effective.clear();
    assert_eq!(status(&mut test, "^Cap"), [&none, &none, &none, DOCKER, &none]);
    let capabilities = test.process().capabilities.as_mut().unwrap();
    let kill = || vec!["CAP_KILL".to_owned()];
    (capabilities.permitted, capabilities.inheritable, capabilities.ambient) = (kill(), kill(), kill());
    let bit = "0000000000000020";
    assert_eq!(status(&mut test, "^Cap"), [bit, bit, bit, DOCKER, bit]);
    test.process().capabilities = None;
    assert_eq!(status(&mut test, "^Cap"), [none.as_str(); 5]);
}

fn missing_capability() {
    let mut test = Test::new(&["true"]);
    test.process().capabilities.as_mut().unwrap().bounding.push("CAP_NO_SUCH".to_owned());
    let created = test.create_with(pipes().0).unwrap();
    assert_eq!(created.warnings(), ["capabilities that this host cannot give are left out: CAP_NO_SUCH"]);
}

fn groups() {
    let mut test = Test::shell("id -u; id -g; id -G; grep ^Groups /proc/self/status");
    assert_eq!(test.output(), "0\n0\n0\nGroups:\t \n");
    let user = &mut test.process().user;
    (user.uid, user.gid, user.additional_gids) = (1000, 1001, vec![7, 1001]);
    assert_eq!(test.output(), "1000\n1001\n1001 7\nGroups:\t7 1001 \n");
}

fn negative_group() {
    // Everybody may read but the group: one who can get rid of the group can read (CVE-2022-36109).
    let mut test = Test::shell("cat /secret 2>&1");
    let path = test.scratch.image("secret");
    fs::write(&path, "told\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    rustix::fs::chown(&path, None, Some(rustix::fs::Gid::from_raw(1000))).unwrap();
    let user = &mut test.process().user;
    (user.uid, user.gid, user.additional_gids) = (1000, 1000, vec![1000]);
    test.process().capabilities = None;
    assert_eq!(test.run().unwrap().output, "cat: can't open '/secret': Permission denied\n");
}

fn own_streams() {
    let mut test = Test::shell("echo out > /dev/stdout; echo err > /dev/stderr; stat -L -c %u /dev/stdin /dev/null");
    test.process().user.uid = 1000;
    test.process().capabilities = None;
    assert_eq!(test.output(), "out\nerr\n1000\n0\n");
}

/// Else root in the container could change mode and owner of the host's `/dev/null`.
fn own_null() {
    let script = "stat -L -c %d:%i /proc/self/fd/0 /dev/null | uniq | wc -l";
    let test = Test::shell(script);
    let (io, streams) = pipes_with_null();
    let container = test.create_with(io).unwrap().start().unwrap();
    drop(streams.stdin);
    assert_eq!(read_all(streams.output), "1\n");
    wait(container.pidfd());
    container.destroy().unwrap();

    let test = Test::shell("sleep 1000");
    let (container, streams) = test.start().unwrap();
    let mut process = test.spec.process.clone().unwrap();
    process.args[2] = script.to_owned();
    let (io, own) = pipes_with_null();
    let exec = container.exec(&process, io).unwrap();
    drop(own.stdin);
    assert_eq!(read_all(own.output), "1\n");
    wait(exec.pidfd.as_fd());
    container.signal(9).unwrap();
    wait(container.pidfd());
    container.destroy().unwrap();
    drop(streams);
}

fn umask() {
    let mut test = Test::shell("umask; touch /x; stat -c %a /x");
    test.process().user.umask = Some(0o077);
    assert_eq!(test.output(), "0077\n600\n");
}

fn no_new_privs() {
    let mut test = Test::new(&[""]);
    assert_eq!(status(&mut test, "^NoNewPrivs"), ["0"]);
    test.process().no_new_privileges = true;
    assert_eq!(status(&mut test, "^NoNewPrivs"), ["1"]);
}

fn deny_mkdir() -> Seccomp {
    let rule = Syscall {
        names: vec!["mkdir".to_owned(), "mkdirat".to_owned()],
        action: "SCMP_ACT_ERRNO".to_owned(),
        errno_ret: Some(95),
        ..Syscall::default()
    };
    Seccomp {
        default_action: "SCMP_ACT_ALLOW".to_owned(),
        architectures: vec!["SCMP_ARCH_X86_64".to_owned()],
        syscalls: vec![rule],
        ..Seccomp::default()
    }
}

fn filter() {
    let expect = "mkdir: can't create directory '/x': Operation not supported\n2\n";
    for (no_new_privileges, uid) in [(false, 0), (true, 0), (false, 1000), (true, 1000)] {
        let mut test = Test::shell(
            "mkdir /x 2>&1; grep ^Seccomp: /proc/self/status | grep -o '[0-9]'; grep ^CapEff /proc/self/status; head -n1",
        );
        test.linux().seccomp = Some(deny_mkdir());
        test.process().no_new_privileges = no_new_privileges;
        test.process().user.uid = uid;
        if uid != 0 {
            let capabilities = test.process().capabilities.as_mut().unwrap();
            capabilities.permitted.clear();
            capabilities.effective.clear();
        }
        let (container, streams) = test.start().unwrap();
        let effective = if uid == 0 { DOCKER } else { "0000000000000000" };
        let output: Vec<_> = (0..3).map(|_| read_line(&streams.output) + "\n").collect();
        assert_eq!(output.concat(), format!("{expect}CapEff:\t{effective}\n"));
        let mut entering = process(&["mkdir", "/x"]);
        entering.no_new_privileges = no_new_privileges;
        entering.user.uid = uid;
        let outcome = exec_with(&container, &entering).unwrap();
        assert_eq!(outcome.output, "mkdir: can't create directory '/x': Operation not supported\n");
        finish(&container);
    }
    let mut test = Test::new(&["true"]);
    test.linux().seccomp = Some(Seccomp { default_action: "SCMP_ACT_NONSENSE".to_owned(), ..Seccomp::default() });
    let error = test.refusal();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().starts_with("seccomp profile: "), "{error}");
}

fn default_filter() {
    for (uid, no_new_privileges) in [(0, false), (1000, true), (1000, false)] {
        let mut test = Test::shell("busybox unshare -m true 2>&1; grep ^Seccomp: /proc/self/status; head -n1");
        let names: Vec<_> = CAPABILITIES.split_whitespace().map(str::to_owned).collect();
        let kernel = seccomp::KernelVersion { major: 6, minor: 1 };
        test.linux().seccomp = Some(seccomp::default_profile(&names, kernel));
        test.process().user.uid = uid;
        test.process().no_new_privileges = no_new_privileges;
        let (container, streams) = test.start().unwrap();
        let lines = [read_line(&streams.output), read_line(&streams.output)];
        assert_eq!(lines, ["unshare: unshare(0x20000): Operation not permitted", "Seccomp:\t2"]);
        let mut entering = process(&["sh", "-c", "busybox unshare -m true 2>&1; id -u"]);
        entering.user.uid = uid;
        let output = exec_with(&container, &entering).unwrap().output;
        assert_eq!(output, format!("{}\n{uid}\n", lines[0]));
        finish(&container);
    }
}

fn oom_score() {
    let mut test = Test::new(&["cat", "/proc/self/oom_score_adj"]);
    test.process().oom_score_adj = Some(321);
    assert_eq!(test.output(), "321\n");
}

fn keyring() {
    let mut test = Test::new(&["cat", "/proc/keys"]);
    test.linux().masked_paths.clear();
    let output = test.output();
    assert!(output.contains("_ses.c"), "{output}");
}
