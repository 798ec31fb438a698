//! Terminals.

use std::os::fd::AsFd;

use oci::runtime::ConsoleSize;
use runtime::Io;
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::*;

pub const CASES: &[Case] = &[
    ("a container's terminal is its own, controlling, and its console", console),
    ("the terminal has the given size and can get another", size),
    ("an entering process gets a terminal of its own", exec_console),
    ("without devpts a terminal is refused", refused),
];

fn run(test: &Test, input: &str) -> String {
    let mut created = test.create_with(Io::Terminal).unwrap();
    let console = created.take_console().unwrap();
    assert!(created.take_console().is_none());
    let container = created.start().unwrap();
    write_all(&console, input);
    let output = read_all(console);
    wait(container.pidfd());
    container.destroy().unwrap();
    output.replace("\r\n", "\n")
}

fn console() {
    let mut test = Test::shell(
        "tty; stat -c '%F %u' /dev/console; echo hi > /dev/console; ps -o pid,tty | grep -w 1; stat -L -c '%u %g' /dev/stdin; for n in 0 1 2; do readlink /proc/$$/fd/$n; done; head -n1 </dev/tty",
    );
    test.process().terminal = true;
    let output = run(&test, "typed\n");
    let expect =
        "/dev/pts/0\ncharacter special file 0\nhi\n    1 136,0\n0 5\n/dev/pts/0\n/dev/pts/0\n/dev/pts/0\ntyped\n";
    // The terminal's echo may come at any place.
    assert_eq!(output.replacen("typed\n", "", 1), expect);
    test.process().user.uid = 1000;
    test.process().args =
        vec!["sh".to_owned(), "-c".to_owned(), "stat -L -c '%u %g' /dev/stdin; echo ok > /dev/console".to_owned()];
    assert_eq!(run(&test, ""), "1000 5\nok\n");
}

fn size() {
    let mut test = Test::shell("stty size; head -n1 >/dev/null; stty size");
    test.process().console_size = Some(ConsoleSize { height: 33, width: 77 });
    let mut created = test.create_with(Io::Terminal).unwrap();
    let console = created.take_console().unwrap();
    let container = created.start().unwrap();
    assert_eq!(read_line(&console), "33 77\r");
    tcsetwinsize(&console, Winsize { ws_row: 10, ws_col: 20, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    write_all(&console, "\n");
    assert!(read_all(console).ends_with("10 20\r\n"));
    wait(container.pidfd());
    container.destroy().unwrap();
}

fn exec_console() {
    let case = Test::new(&["sleep", "1000"]);
    let (container, _streams) = case.start().unwrap();
    let mut entering = process(&[
        "sh",
        "-c",
        "tty; stty size; stat -L -c %u /dev/stdin; echo tty > /dev/tty; ls /proc/self/fd | wc -l",
    ]);
    entering.terminal = true;
    entering.user.uid = 1000;
    entering.console_size = Some(ConsoleSize { height: 5, width: 6 });
    let mut entered = container.exec(&entering, Io::Terminal).unwrap();
    let output = read_all(entered.console.take().unwrap()).replace("\r\n", "\n");
    assert_eq!(output, "/dev/pts/0\n5 6\n1000\ntty\n4\n");
    assert_eq!(wait(entered.pidfd.as_fd()), 0);
    finish(&container);
}

fn refused() {
    let mut test = Test::new(&["true"]);
    test.spec.mounts.retain(|mount| mount.kind.as_deref() != Some("devpts"));
    let error = test.create_with(Io::Terminal).expect_err("no devpts");
    assert_eq!(error.message(), "terminal: open `/dev/pts`: no such file or directory");
}
