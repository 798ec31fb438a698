//! The program: how it is found, what it starts with, and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use runtime::ErrorKind;

use crate::support::*;

pub const CASES: &[Case] = &[
    ("the exit code is the program's", exit_codes),
    ("a program that is missing or none gets the kind and the words that Docker gives", bad_programs),
    ("a program that the kernel refuses is reported by start", refused_by_kernel),
    ("the program starts with clean signals, descriptors, umask and session", clean_start),
    ("arguments, environment and home arrive", environment),
    ("a working directory is made where it is missing", working_directory),
    ("input reaches the program and its end is seen", input),
    ("a signal ends PID 1", signal),
];

fn exit_codes() {
    assert_eq!(Test::new(&["true"]).run().unwrap().code, 0);
    assert_eq!(Test::new(&["false"]).run().unwrap().code, 1);
    assert_eq!(Test::shell("exit 42").run().unwrap().code, 42);
    assert_eq!(Test::new(&["/bin/sh", "-c", "echo hello"]).output(), "hello\n");
}

fn bad_programs() {
    let check = |program: &str, kind, message: &str| {
        let error = Test::new(&[program]).refusal();
        assert_eq!((error.kind(), error.message()), (kind, message));
    };
    check("nosuch", ErrorKind::NotFound, r#"exec: "nosuch": executable file not found in $PATH"#);
    check("/nosuch", ErrorKind::NotFound, r#"exec: "/nosuch": stat /nosuch: no such file or directory"#);
    check("/etc/passwd", ErrorKind::NotExecutable, r#"exec: "/etc/passwd": permission denied"#);
    check("/etc", ErrorKind::NotExecutable, r#"exec: "/etc": is a directory"#);
    check("", ErrorKind::NotFound, r#"exec: "": executable file not found in $PATH"#);
    let mut test = Test::new(&["busybox"]);
    test.process().env = vec!["PATH=:/usr/bin".into()];
    test.process().cwd = "/bin".into();
    let message = r#"exec: "busybox": cannot run executable found relative to current directory"#;
    assert_eq!(test.refusal().message(), message);
}

fn refused_by_kernel() {
    let script = |text: &str| {
        let test = Test::new(&["/script"]);
        fs::write(test.scratch.image("script"), text).unwrap();
        fs::set_permissions(test.scratch.image("script"), fs::Permissions::from_mode(0o755)).unwrap();
        let error = test.start().map(|_| ()).unwrap_err();
        (error.kind(), error.to_string())
    };
    let format = "exec /script: exec format error".to_owned();
    assert_eq!(script("no program\n"), (ErrorKind::NotExecutable, format));
    let missing = "exec /script: no such file or directory".to_owned();
    assert_eq!(script("#!/no/interpreter\n"), (ErrorKind::NotFound, missing));
}

fn clean_start() {
    let test = Test::shell("umask; grep -E 'Sig(Blk|Ign)' /proc/self/status; cat /proc/1/stat");
    let output = test.output();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines[0], "0022");
    assert_eq!(lines[1..3].join(" "), "SigBlk:\t0000000000000000 SigIgn:\t0000000000000000");
    let stat: Vec<_> = lines[3].split(' ').collect();
    // Parent outside; process group and session are its own: proc_pid_stat(5).
    assert_eq!(stat[3..6], ["0", "1", "1"]);
}

fn environment() {
    let mut test = Test::new(&["sh", "-c", "echo $0 $A $HOME; shift; echo $1", "zero", "one", "two words"]);
    test.process().env.extend(["A=1".to_owned(), "A=2".to_owned()]);
    assert_eq!(test.output(), "zero 2 /root\ntwo words\n");
    test.process().user.uid = 1000;
    assert!(test.output().contains("/home/user"));
    test.process().user.uid = 1234;
    assert!(test.output().starts_with("zero 2 /\n"));
    test.process().env.push("HOME=/given".to_owned());
    assert!(test.output().contains("/given"));
}

fn working_directory() {
    let mut test = Test::shell("pwd; stat -c '%a %u' .");
    test.process().cwd = "/made/../made/here".into();
    assert_eq!(test.output(), "/made/here\n755 0\n");
    test.process().cwd = "/etc/passwd".into();
    let message = r#"chdir to cwd ("/etc/passwd") set in config.json failed: not a directory"#;
    assert_eq!(test.refusal().message(), message);
}

fn input() {
    let (container, streams) = Test::new(&["cat"]).start().unwrap();
    write_all(&streams.stdin, "to and fro");
    drop(streams.stdin);
    assert_eq!(read_all(streams.output), "to and fro");
    assert_eq!(wait(container.pidfd()), 0);
    container.destroy().unwrap();
}

fn signal() {
    let (container, streams) =
        Test::shell("trap 'exit 7' USR1; echo up; while :; do sleep 0.01; done").start().unwrap();
    read_line(&streams.output);
    container.signal(10).unwrap();
    assert_eq!(wait(container.pidfd()), 7);
    assert!(container.signal(10).is_err(), "the process was reaped");
    container.destroy().unwrap();
    container.destroy().unwrap();
}
