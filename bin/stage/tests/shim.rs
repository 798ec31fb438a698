//! The shim from outside: what a daemon, and its death, can see of it. Needs root.

mod bench;

use std::fs;
use std::io::{Read, Write};

use bench::{Bench, IN_OUT, OUT, demultiplex, process, read_until, say};
use logdriver::Stream;
use oci::runtime::ConsoleSize;
use shim_proto::{Failure, Request, Response, Streams, file};

#[test]
fn a_program_runs_and_its_exit_is_recorded_before_it_is_told() {
    let mut bench = Bench::sh("echo out; echo err >&2; exit 7").create();
    assert_eq!(bench.state().started_at, None);
    let started_at = bench.start();
    let record = bench.exited();
    assert_eq!(bench.record(), record);
    assert_eq!((record.exit_code, record.oom_killed, record.started_at), (7, false, Some(started_at)));
    assert!(record.exited_at > started_at);
    bench.gone();
    assert_eq!(bench.state().started_at, Some(started_at));
    let mut log = bench.log();
    log.sort();
    assert_eq!(log, [(Stream::Stdout, "out\n".to_owned()), (Stream::Stderr, "err\n".to_owned())]);
}

#[test]
fn a_signal_s_death_is_128_and_its_number() {
    let mut bench = Bench::sh("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done").create();
    let mut client = bench.attach(OUT);
    bench.start();
    read_until(&mut client, "ready");
    bench.signal(15);
    assert_eq!(bench.finish().exit_code, 3);
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let (response, _) = bench.ask(&Request::Signal { exec: None, signal: 4711 });
    assert!(matches!(response, Response::Failed { class: Failure::Invalid, .. }), "{response:?}");
    bench.signal(9);
    assert_eq!(bench.finish().exit_code, 137);
}

#[test]
fn a_missing_program_is_not_found_and_leaves_nothing() {
    let mut bench = Bench::new(&["/no/such/program"]);
    let failed = match bench.launch() {
        Response::Created { .. } => {
            bench.tell(&Request::Start);
            bench.hear()
        }
        other => other,
    };
    assert!(matches!(failed, Response::Failed { class: Failure::NotFound, .. }), "{failed:?}");
    bench.gone();
    assert!(!bench.launch.exit.path.exists());
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let mut bench = Bench::sh("true");
    bench.launch.hold_fds = vec![700];
    assert!(matches!(bench.launch(), Response::Failed { class: Failure::System, .. }));
    bench.gone();
    let mut bench = Bench::sh("true");
    bench.launch.log.as_mut().unwrap().path = "/proc/no/such/log".into();
    let response = bench.launch();
    assert!(matches!(&response, Response::Failed { message, .. } if message.contains("open the log")), "{response:?}");
    bench.gone();
}

#[test]
fn what_was_acknowledged_is_attached_before_the_first_byte() {
    let mut bench = Bench::sh("echo first; echo second >&2").create();
    let mut clients = [bench.attach(OUT), bench.attach(Streams { stderr: true, ..Streams::default() })];
    bench.start();
    let [all, some] = [0, 1].map(|n| demultiplex(&mut clients[n]));
    assert_eq!(all, ("first\n".to_owned(), "second\n".to_owned()));
    assert_eq!(some, (String::new(), "second\n".to_owned()));
    assert_eq!(bench.finish().exit_code, 0);
}

#[test]
fn input_ends_with_the_half_close_and_output_goes_on() {
    let mut bench = Bench::sh("cat; echo over").open_stdin(true).create();
    let mut client = bench.attach(IN_OUT);
    bench.start();
    let text = "line\n".repeat(100_000);
    let mut writer = client.try_clone().unwrap();
    let sent = text.clone();
    let thread = std::thread::spawn(move || say(&mut writer, &sent));
    assert_eq!(demultiplex(&mut client), (text.clone() + "over\n", String::new()));
    thread.join().unwrap();
    assert_eq!(bench.finish().exit_code, 0);
    assert_eq!(bench.log_text(), text + "over\n");
}

#[test]
fn input_without_once_stays_open_for_the_next_client() {
    let mut bench = Bench::sh("read a; echo got $a; read b; echo got $b").open_stdin(false).run();
    let mut first = bench.attach(IN_OUT);
    first.write_all(b"one\n").unwrap();
    read_until(&mut first, "got one");
    drop(first);
    let mut second = bench.attach(IN_OUT);
    say(&mut second, "two\n");
    assert_eq!(demultiplex(&mut second).0, "got two\n");
    assert_eq!(bench.finish().exit_code, 0);
}

#[test]
fn a_client_that_leaves_has_still_said_what_it_said() {
    let mut bench = Bench::sh("wc -c").open_stdin(true).create();
    let mut client = bench.attach(Streams { stdin: true, ..Streams::default() });
    let mut watcher = bench.attach(OUT);
    bench.start();
    client.write_all(&[b'x'; 100_000]).unwrap();
    drop(client);
    assert_eq!(demultiplex(&mut watcher).0, "100000\n");
    assert_eq!(bench.finish().exit_code, 0);
}

#[test]
fn input_that_nobody_reads_stops_the_client_and_not_the_shim() {
    let mut bench = Bench::sh("echo deaf; sleep 1000").open_stdin(true).create();
    let mut client = bench.attach(IN_OUT);
    bench.start();
    client.set_nonblocking(true).unwrap();
    let mut total = 0;
    for _ in 0..1000 {
        total += client.write(&[0; 65536]).unwrap_or(0);
        assert!(matches!(bench.ask(&Request::State).0, Response::State { .. }));
    }
    assert!(total < 4 << 20, "{total}");
    bench.signal(9);
    assert_eq!(bench.finish().exit_code, 137);
}

#[test]
fn nothing_is_lost_for_a_slow_client_and_others_see_all() {
    const LINES: usize = 400_000;
    let mut bench = Bench::sh(&format!("seq {LINES}")).create();
    let (mut slow, mut fast) = (bench.attach(OUT), bench.attach(OUT));
    let dead = bench.attach(OUT);
    bench.start();
    drop(dead);
    let fast = std::thread::spawn(move || demultiplex(&mut fast).0);
    // The process stops at some point, since the slow one does not read; the shim serves on.
    for _ in 0..50 {
        assert!(matches!(bench.ask(&Request::State).0, Response::State { .. }));
    }
    let expected: String = (1..=LINES).map(|n| format!("{n}\n")).collect();
    assert!(bench.shim_memory("VmHWM:") < 16 << 10, "{}", bench.shim_memory("VmHWM:"));
    assert!(demultiplex(&mut slow).0 == expected);
    assert!(fast.join().unwrap() == expected);
    assert_eq!(bench.finish().exit_code, 0);
    assert!(bench.log_text() == expected);
}

#[test]
fn what_a_slow_client_has_not_read_at_the_end_still_comes() {
    let mut bench = Bench::sh("seq 20000").create();
    let mut slow = bench.attach(OUT);
    bench.start();
    assert_eq!(bench.exited().exit_code, 0);
    // Nothing but this client is waited for: the control connection is closed, and the socket gone.
    let mut rest = Vec::new();
    bench.control.as_mut().unwrap().read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty() && !bench.bundle().join(file::SOCKET).exists());
    assert_eq!(demultiplex(&mut slow).0.lines().count(), 20000);
    bench.gone();
}

#[test]
fn execs_have_streams_and_exit_codes_of_their_own() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).open_stdin(true).run();
    let mut one = bench.exec("one", process(&["/bin/sh", "-c", "echo out; echo err >&2; exit 4"]), OUT);
    assert_eq!(demultiplex(&mut one), ("out\n".to_owned(), "err\n".to_owned()));
    assert_eq!(bench.wait(Some("one")).exit_code, 4);
    let mut two = bench.exec("two", process(&["/bin/cat"]), IN_OUT);
    say(&mut two, "back and forth");
    assert_eq!(demultiplex(&mut two).0, "back and forth");
    assert_eq!(bench.wait(Some("two")).exit_code, 0);
    // Nobody listens to this one.
    drop(bench.exec("three", process(&["/bin/sh", "-c", "seq 100000; exit 5"]), Streams::default()));
    assert_eq!(bench.wait(Some("three")).exit_code, 5);
    drop(bench.exec("four", process(&["/bin/sh", "-c", "seq 100000; exit 6"]), OUT));
    assert_eq!(bench.wait(Some("four")).exit_code, 6);
    let (response, _) = bench.ask(&Request::Wait { exec: Some("none".to_owned()) });
    assert!(matches!(response, Response::Failed { class: Failure::NoSuchProcess, .. }));
    bench.signal(9);
    assert_eq!(bench.finish().exit_code, 137);
    assert_eq!(bench.log(), []);
}

#[test]
fn an_exec_of_nothing_fails_and_the_container_goes_on() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    for (program, expected) in [("/no/such", Failure::NotFound), ("/etc", Failure::NotExecutable)] {
        let request = Request::Exec { exec: "x".to_owned(), process: Box::new(process(&[program])), streams: OUT };
        let (response, _) = bench.ask(&request);
        assert!(matches!(&response, Response::Failed { class, .. } if *class == expected), "{response:?}");
    }
    drop(bench.exec("x", process(&["/bin/sleep", "1000"]), Streams::default()));
    let again = Request::Exec { exec: "x".to_owned(), process: Box::new(process(&["/bin/true"])), streams: OUT };
    assert!(matches!(bench.ask(&again).0, Response::Failed { class: Failure::Invalid, .. }));
    let signal = Request::Signal { exec: Some("x".to_owned()), signal: 9 };
    assert!(matches!(bench.ask(&signal).0, Response::Ok));
    assert_eq!(bench.wait(Some("x")).exit_code, 137);
    bench.signal(9);
    bench.finish();
}

#[test]
fn an_exec_s_background_child_does_not_hold_its_client_for_ever() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let mut client = bench.exec("x", process(&["/bin/sh", "-c", "sleep 1000 & echo now; exit 2"]), OUT);
    assert_eq!(bench.wait(Some("x")).exit_code, 2);
    assert_eq!(demultiplex(&mut client).0, "now\n");
    bench.signal(9);
    bench.finish();
}

#[test]
fn a_wait_outlives_the_end_and_is_answered_again() {
    let mut bench = Bench::sh("read x; exit 9").open_stdin(true).run();
    let mut early = bench.connect();
    shim_proto::send(&mut early, &Request::Wait { exec: None }).unwrap();
    let mut exec = bench.exec("x", process(&["/bin/sh", "-c", "exit 3"]), OUT);
    demultiplex(&mut exec);
    assert_eq!([bench.wait(Some("x")), bench.wait(Some("x"))].map(|record| record.exit_code), [3, 3]);
    let mut client = bench.attach(IN_OUT);
    say(&mut client, "\n");
    let answer: Response = shim_proto::receive(&mut early).unwrap();
    assert!(matches!(answer, Response::Exited { record } if record.exit_code == 9));
    // Its end says that nothing is left.
    assert_eq!(early.read(&mut [0]).unwrap(), 0);
    bench.finish();
}

#[test]
fn a_terminal_is_raw_has_a_size_and_no_end_of_input() {
    let script = "stty size; read a; stty size; echo bye $a";
    let mut bench = Bench::sh(script).terminal().open_stdin(true);
    bench.spec.process.as_mut().unwrap().console_size = Some(ConsoleSize { height: 24, width: 80 });
    let mut bench = bench.create();
    let mut client = bench.attach(IN_OUT);
    bench.start();
    read_until(&mut client, "24 80\r\n");
    let resize = Request::Resize { exec: None, rows: 33, columns: 99 };
    assert!(matches!(bench.ask(&resize).0, Response::Ok));
    say(&mut client, "x\n");
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("33 99\r\n") && rest.ends_with("bye x\r\n"), "{rest}");
    assert_eq!(bench.finish().exit_code, 0);
    assert!(bench.log_text().contains("bye x\r\n"));
}

#[test]
fn an_exec_can_have_a_terminal_too() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let mut shell = process(&["/bin/sh"]);
    shell.terminal = true;
    let mut client = bench.exec("tty", shell, IN_OUT);
    let resize = Request::Resize { exec: Some("tty".to_owned()), rows: 11, columns: 22 };
    assert!(matches!(bench.ask(&resize).0, Response::Ok));
    client.write_all(b"stty size; tty; exit 5\n").unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert!(text.contains("11 22\r\n") && text.contains("/dev/pts/"), "{text}");
    assert_eq!(bench.wait(Some("tty")).exit_code, 5);
    bench.signal(9);
    bench.finish();
}

#[test]
fn the_daemon_s_death_before_the_start_takes_everything_back() {
    let mut bench = Bench::sh("echo never").create();
    let mut waiter = bench.connect();
    shim_proto::send(&mut waiter, &Request::Wait { exec: None }).unwrap();
    bench.control = None;
    let answer: Response = shim_proto::receive(&mut waiter).unwrap();
    assert!(matches!(answer, Response::Failed { .. }), "{answer:?}");
    bench.gone();
    assert!(!bench.launch.exit.path.exists());
    assert_eq!(bench.log(), []);
}

#[test]
fn the_daemon_s_death_after_the_start_changes_nothing() {
    let mut bench = Bench::sh("read x; echo still here; exit 12").open_stdin(true).run();
    bench.control = None;
    let mut waiter = bench.connect();
    shim_proto::send(&mut waiter, &Request::Wait { exec: None }).unwrap();
    let mut client = bench.attach(IN_OUT);
    say(&mut client, "\n");
    assert_eq!(demultiplex(&mut client).0, "still here\n");
    let answer: Response = shim_proto::receive(&mut waiter).unwrap();
    assert!(matches!(answer, Response::Exited { record } if record.exit_code == 12));
    bench.gone();
    assert_eq!(bench.record().exit_code, 12);
    assert_eq!(bench.log_text(), "still here\n");
}

#[test]
fn nonsense_at_the_socket_hurts_nobody() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let frame = |body: &[u8]| [&(body.len() as u32).to_le_bytes()[..], body].concat();
    let deep = "[".repeat(100_000);
    let nonsense: [Vec<u8>; 8] = [
        vec![0xff; 64],
        vec![0; 4],
        frame(b"{"),
        frame(br#"{"op":"unknown"}"#),
        frame(br#"{"op":"start"}"#),
        frame(br#"{"op":"signal","signal":99999999999}"#),
        frame(deep.as_bytes()),
        frame(&[0xfe; 300]),
    ];
    for bytes in &nonsense {
        let mut stream = bench.connect();
        stream.write_all(bytes).unwrap();
        let answer: Response = shim_proto::receive(&mut stream).unwrap();
        assert!(matches!(answer, Response::Failed { class: Failure::Invalid, .. }), "{answer:?}");
        // Whatever else was sent may be thrown away with the connection.
        let _ = stream.read(&mut [0]);
    }
    // Half a frame, and silence: as many as there may be connections, and more.
    let mut silent: Vec<_> = (0..20).map(|_| bench.connect()).collect();
    silent.iter_mut().for_each(|stream| stream.write_all(&[9, 0]).unwrap());
    assert!(matches!(bench.ask(&Request::State).0, Response::State { .. }));
    // A start on the control socket that comes too late, or makes no sense.
    bench.tell(&Request::Start);
    assert!(matches!(bench.hear(), Response::Failed { class: Failure::Invalid, .. }));
    bench.control.as_mut().unwrap().write_all(&[0xff; 8]).unwrap();
    bench.wait_for_control_end();
    bench.signal(9);
    bench.gone();
    assert_eq!(bench.record().exit_code, 137);
}

#[test]
fn a_crowd_is_served_in_turn() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let crowd: Vec<_> = (0..1200)
        .map_while(|_| {
            let bundle = bench.bundle();
            std::os::unix::net::UnixStream::connect(bundle.join(file::SOCKET)).ok()
        })
        .collect();
    assert!(crowd.len() > 1000);
    assert!(matches!(bench.ask(&Request::State).0, Response::State { .. }));
    drop(crowd);
    bench.signal(9);
    assert_eq!(bench.finish().exit_code, 137);
}

#[test]
fn the_shim_ignores_what_would_end_others() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let shim = rustix::process::Pid::from_raw(bench.state().shim.pid).unwrap();
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::PIPE] {
        rustix::process::kill_process(shim, signal).unwrap();
    }
    let (response, _) = bench.ask(&Request::State);
    assert!(matches!(response, Response::State { state } if state == bench.state()));
    bench.signal(9);
    bench.finish();
}

#[test]
fn the_program_starts_with_default_signals() {
    let mut bench = Bench::sh("grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l").run();
    assert_eq!(bench.finish().exit_code, 0);
    // The fourth descriptor is that of the listed directory.
    assert_eq!(bench.log_text(), format!("SigBlk:\t{0}\nSigIgn:\t{0}\n4\n", "0".repeat(16)));
}

#[test]
fn a_log_that_cannot_be_written_stops_nobody_and_says_so_later() {
    let bench = Bench::sh("read x; seq 1000; echo last").open_stdin(true);
    // A file system of one page, already full.
    let log = bench.launch.log.clone().unwrap().path;
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let mut bench = bench.create();
    let mut client = bench.attach(IN_OUT);
    bench.start();
    say(&mut client, "\n");
    assert_eq!(demultiplex(&mut client).0.lines().count(), 1001);
    assert_eq!(bench.exited().exit_code, 0);
    assert!(bench.complaints().contains("lines are lost"), "{}", bench.complaints());
    fs::remove_file(bench.bundle().join(file::LOG)).unwrap();
    bench.gone();
}

#[test]
fn the_shim_s_program_cannot_be_written() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let exe = format!("/proc/{}/exe", bench.state().shim.pid);
    assert!(fs::read_link(&exe).unwrap().to_string_lossy().starts_with("/memfd:stage"));
    let before = fs::read(&exe).unwrap();
    let written = fs::OpenOptions::new().write(true).open(&exe).and_then(|mut file| file.write_all(b"x"));
    let errno = written.unwrap_err().raw_os_error();
    assert!([Some(26), Some(1), Some(13)].contains(&errno), "{errno:?}");
    assert!(fs::read(&exe).unwrap() == before);
    bench.signal(9);
    bench.finish();
}

#[test]
fn the_output_of_an_exec_without_end_takes_no_memory() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    // One that nobody reads from, one that nobody listens to any more, and one that is read for a while.
    let _deaf = bench.exec("deaf", process(&["/bin/yes"]), OUT);
    drop(bench.exec("left", process(&["/bin/yes"]), OUT));
    let mut heard = bench.exec("heard", process(&["/bin/yes"]), OUT);
    let mut text = vec![0; 1 << 20];
    (0..64).for_each(|_| heard.read_exact(&mut text).unwrap());
    assert!(bench.shim_memory("VmHWM:") < 16 << 10, "{}", bench.shim_memory("VmHWM:"));
    bench.signal(9);
    assert_eq!(bench.exited().exit_code, 137);
    bench.wait_for_control_end();
}

#[test]
fn the_log_is_rotated() {
    let mut bench = Bench::sh("seq 20000");
    let log = bench.launch.log.as_mut().unwrap();
    (log.max_size, log.max_files) = (10_000, 3);
    let mut bench = bench.run();
    assert_eq!(bench.finish().exit_code, 0);
    let files = fs::read_dir(bench.dir.path()).unwrap().map(|entry| entry.unwrap());
    let sizes: Vec<_> = files
        .filter(|file| file.file_name().to_string_lossy().starts_with("log"))
        .map(|file| file.metadata().unwrap().len())
        .collect();
    assert!(sizes.len() == 3 && sizes.iter().all(|&size| size < 10_200), "{sizes:?}");
    assert!(bench.log_text().ends_with("\n19999\n20000\n"));
}

#[test]
fn a_container_that_was_out_of_memory_is_known_for_it() {
    let mut bench = Bench::sh("dd if=/dev/zero of=/dev/null bs=64M count=1; exit 3");
    let limit = 16 << 20;
    let memory = oci::runtime::Memory { limit: Some(limit), swap: Some(limit), ..Default::default() };
    bench.spec.linux.as_mut().unwrap().resources =
        Some(oci::runtime::Resources { memory: Some(memory), ..Default::default() });
    let record = bench.run().exited();
    assert_eq!((record.exit_code, record.oom_killed), (3, true));
}

#[test]
fn without_a_pid_namespace_the_rest_dies_with_pid_1() {
    let mut bench = Bench::sh("sleep 1000 & (sleep 0 &); (sleep 0 &); echo $!; read x; exit 6").open_stdin(true);
    bench.spec.linux.as_mut().unwrap().namespaces.retain(|namespace| namespace.kind != "pid");
    let mut bench = bench.create();
    let mut client = bench.attach(IN_OUT);
    bench.start();
    read_until(&mut client, "\n");
    // The orphans among its children are ours, and are buried: PID 1 and its sleeper remain.
    let shim = bench.state().shim.pid;
    let children = || fs::read_to_string(format!("/proc/{shim}/task/{shim}/children")).unwrap();
    while children().split_whitespace().count() > 1 {
        std::thread::yield_now();
    }
    say(&mut client, "\n");
    assert_eq!(bench.exited().exit_code, 6);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    bench.gone();
}

/// CVE-2019-5736: the container executes the program that entered it, and tries to write it.
#[test]
fn a_container_cannot_write_the_program_that_enters_it() {
    let script = "while :; do for exe in /proc/[0-9]*/exe; do echo x >>$exe; done; done 2>/dev/null";
    let mut bench = Bench::sh(script).run();
    let hash = |bench: &Bench| fs::read(format!("/proc/{}/exe", bench.state().shim.pid)).unwrap();
    let before = hash(&bench);
    for round in 0..20 {
        let name = format!("evil-{round}");
        let mut client = bench.exec(&name, process(&["/evil"]), OUT);
        let (_, errors) = demultiplex(&mut client);
        assert!(errors.contains("usage: stage"), "{errors}");
        assert_eq!(bench.wait(Some(&name)).exit_code, 2);
    }
    assert!(hash(&bench) == before && before == bench::read_stage());
    bench.signal(9);
    bench.finish();
}

/// With `STAGE` naming the shipped program (profile `stage`): `cargo test -p stage --test shim -- --ignored --nocapture`.
#[test]
#[ignore = "of interest for the shipped program alone"]
fn an_idle_shim_is_small() {
    let mut bench = Bench::new(&["/bin/sleep", "1000"]).run();
    let pss = |bench: &Bench| -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", bench.state().shim.pid)).unwrap();
        let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let at_start = pss(&bench);
    // It tidies up when it has lived for a while.
    while pss(&bench) >= 1024 {
        std::thread::yield_now();
    }
    println!("Pss {at_start} kB at start, {} kB later", pss(&bench));
    bench.signal(9);
    bench.finish();
}

/// Where the time of one short container goes, in milliseconds from the spawn of its shim.
#[test]
#[ignore = "of interest for the shipped program alone"]
fn the_way_of_a_short_container() {
    let mut rounds: Vec<[f64; 4]> = (0..50)
        .map(|_| {
            let mut bench = Bench::new(&["/bin/true"]);
            bench.launch.exit.sync = false;
            let begin = std::time::Instant::now();
            let mut bench = bench.create();
            let created = begin.elapsed();
            bench.start();
            let started = begin.elapsed();
            bench.exited();
            let exited = begin.elapsed();
            bench.wait_for_control_end();
            [created, started, exited, begin.elapsed()].map(|time| time.as_secs_f64() * 1e3)
        })
        .collect();
    rounds.sort_by(|a, b| a[3].total_cmp(&b[3]));
    println!("created, started, exited, gone: median {:.2?}, best {:.2?}", rounds[25], rounds[0]);
}
