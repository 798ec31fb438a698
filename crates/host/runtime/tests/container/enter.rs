//! Further processes in a running container.

use runtime::{Container, ErrorKind};

use crate::support::*;

pub const CASES: &[Case] = &[
    ("a process enters all namespaces and control groups", enters),
    ("its rights are its own and nothing is inheritable", rights),
    ("its user, directory, limits and environment are its own", own_settings),
    ("errors have the kinds and the words that Docker gives, and nothing stays", errors),
    ("a child left in the background does not hold the caller up", background),
    ("its signals and exit codes arrive", signals),
    ("a hundred in a row leave nothing", many),
    ("a container that has ended takes nobody in", ended),
];

fn with_container(script: &str, test: impl FnOnce(&Container)) {
    let case = Test::shell(&format!("{script}\necho up; exec sleep 1000"));
    let (container, streams) = case.start().unwrap();
    read_line(&streams.output);
    test(&container);
    finish(&container);
}

fn enters() {
    with_container("", |container| {
        let of_init = "for n in mnt net uts pid ipc cgroup user; do test $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) || echo $n; done";
        let script = format!(
            "{of_init}; hostname; ps | grep -c 'slee[p] 1000'; cat /proc/self/cgroup | grep -vc ':/$'; cat /proc/$$/stat | (read a b c d e f g; echo $d $(test $e = $f && echo leader))"
        );
        assert_eq!(exec(container, &script).output, "box\n1\n0\n0 leader\n");
    });
}

fn rights() {
    with_container("", |container| {
        let status = "grep -E '^(Cap|Groups|NoNewPrivs|Sig(Blk|Ign))' /proc/self/status; ls /proc/self/fd | wc -l";
        let docker = "00000000a80425fb";
        let none = "0000000000000000";
        let expect = format!(
            "Groups:\t \nSigBlk:\t{none}\nSigIgn:\t{none}\nCapInh:\t{none}\nCapPrm:\t{docker}\nCapEff:\t{docker}\nCapBnd:\t{docker}\nCapAmb:\t{none}\nNoNewPrivs:\t0\n4\n"
        );
        assert_eq!(exec(container, status).output, expect);
        let mut entering = process(&["grep", "-E", "^Cap(Inh|Prm|Eff)|^Groups", "/proc/self/status"]);
        entering.user.uid = 1000;
        entering.user.additional_gids = vec![5];
        let capabilities = entering.capabilities.as_mut().unwrap();
        capabilities.permitted.clear();
        let expect = format!("Groups:\t5 \nCapInh:\t{none}\nCapPrm:\t{none}\nCapEff:\t{none}\n");
        assert_eq!(exec_with(container, &entering).unwrap().output, expect);
    });
}

fn own_settings() {
    with_container("mkdir -p /work; mkdir /closed", |container| {
        let mut entering = process(&["sh", "-c", "id -u; pwd; ulimit -n; echo $A $HOME; umask"]);
        entering.user.uid = 1000;
        entering.cwd = "/work".into();
        entering.env.push("A=b".to_owned());
        entering.rlimits = vec![oci::runtime::Rlimit { kind: "RLIMIT_NOFILE".to_owned(), soft: 64, hard: 64 }];
        assert_eq!(exec_with(container, &entering).unwrap().output, "1000\n/work\n64\nb /home/user\n0022\n");
    });
}

fn errors() {
    with_container("", |container| {
        let refusal = |process: &oci::runtime::Process| exec_with(container, process).unwrap_err();
        let error = refusal(&process(&["nosuch"]));
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.message(), r#"exec: "nosuch": executable file not found in $PATH"#);
        let error = refusal(&process(&["/etc/passwd"]));
        assert_eq!(error.kind(), ErrorKind::NotExecutable);
        assert_eq!(error.message(), r#"exec: "/etc/passwd": permission denied"#);
        let mut entering = process(&["true"]);
        entering.cwd = "/no/such".into();
        let message = r#"chdir to cwd ("/no/such") set in config.json failed: no such file or directory"#;
        assert_eq!(refusal(&entering).message(), message);
        exec(container, "echo nonsense > /script; busybox chmod 755 /script");
        assert_eq!(refusal(&process(&["/script"])).message(), "exec /script: exec format error");
        assert_eq!(cgroup::Cgroup::from_paths(container.paths().to_vec()).pids().unwrap(), [container.pid()]);
    });
}

fn background() {
    with_container("", |container| {
        let (io, streams) = pipes();
        let entered = container.exec(&process(&["sh", "-c", "sleep 1000 & exit 3"]), io).unwrap();
        assert_eq!(wait(std::os::fd::AsFd::as_fd(&entered.pidfd)), 3);
        drop(streams);
    });
}

fn signals() {
    with_container("", |container| {
        let (io, streams) = pipes();
        let entered = container.exec(&process(&["sh", "-c", "echo up; exec sleep 1000"]), io).unwrap();
        read_line(&streams.output);
        // A real-time signal, which has no name.
        let pidfd = std::os::fd::AsFd::as_fd(&entered.pidfd);
        sys::signal::send(pidfd, 40).unwrap();
        assert_eq!(wait(pidfd), 168);
    });
}

fn many() {
    with_container("", |container| {
        for number in 0..100 {
            assert_eq!(exec(container, &format!("exit {number}")).code, number);
        }
    });
}

fn ended() {
    let case = Test::new(&["true"]);
    let (container, _streams) = case.start().unwrap();
    wait(container.pidfd());
    let error = exec_with(&container, &process(&["true"])).unwrap_err();
    assert!(error.message().contains("no such process"), "{error}");
    container.destroy().unwrap();
    assert!(exec_with(&container, &process(&["true"])).is_err());
}
