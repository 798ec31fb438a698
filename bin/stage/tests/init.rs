//! The reaper of `--init`, as PID 1 of a container; and hello. Needs root.

mod bench;

use std::io::Write;

use bench::{Bench, IN_OUT, OUT, demultiplex, read_until};

fn init(args: &[&str]) -> Bench {
    Bench::new(&[&["/bin/docker-init", "--"], args].concat())
}

#[test]
fn the_program_s_end_is_init_s() {
    for (script, code) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137)] {
        assert_eq!(init(&["/bin/sh", "-c", script]).run().finish().exit_code, code, "{script}");
    }
    let mut bench = init(&["/no/such"]).run();
    assert_eq!(bench.finish().exit_code, 127);
    assert!(bench.log_text().contains("init: run /no/such: "), "{}", bench.log_text());
    assert_eq!(init(&["/etc"]).run().finish().exit_code, 126);
}

#[test]
fn the_program_is_not_pid_1_and_has_default_signals() {
    let mut bench = init(&["/bin/grep", "-E", "^(Pid|SigBlk|SigIgn)", "/proc/self/status"]).run();
    assert_eq!(bench.finish().exit_code, 0);
    assert_eq!(bench.log_text(), format!("Pid:\t2\nSigBlk:\t{0}\nSigIgn:\t{0}\n", "0".repeat(16)));
}

#[test]
fn signals_are_passed_on() {
    for signal in [15, 10, 34] {
        let script = format!("trap 'echo got it; exit 5' {signal}; echo ready; while :; do sleep 0.01; done");
        let mut bench = init(&["/bin/sh", "-c", &script]).create();
        let mut client = bench.attach(OUT);
        bench.start();
        read_until(&mut client, "ready\n");
        bench.signal(signal);
        assert_eq!(demultiplex(&mut client).0, "got it\n");
        assert_eq!(bench.finish().exit_code, 5);
    }
}

#[test]
fn orphans_are_buried() {
    let script = "for i in 1 2 3 4 5; do (sleep 0 &); done; while grep -l '^State:.Z' /proc/[0-9]*/status; do :; done";
    assert_eq!(init(&["/bin/sh", "-c", script]).run().finish().exit_code, 0);
}

#[test]
fn the_terminal_is_the_program_s() {
    let mut bench = init(&["/bin/sh", "-c", "trap 'echo interrupted; exit 8' INT; echo ready; read x"])
        .terminal()
        .open_stdin(true)
        .create();
    let mut client = bench.attach(IN_OUT);
    bench.start();
    read_until(&mut client, "ready\r\n");
    // Ctrl-C goes to the terminal's foreground process group.
    client.write_all(&[3]).unwrap();
    read_until(&mut client, "interrupted");
    assert_eq!(bench.finish().exit_code, 8);
}

#[test]
fn hello_greets() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_stage")).arg("hello").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("\nHello from Gantry!"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120));
}

#[test]
fn who_calls_it_wrongly_is_told() {
    for args in [&[][..], &["shim"], &["init"], &["nonsense"]] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_stage")).args(args).output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("usage: "), "{args:?}");
    }
}
