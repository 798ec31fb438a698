//! Receivers that are away, and daemons that are killed: nothing is lost that need not be, and the rest is counted.

use serde_json::Value;
use testkit::{Host, eventually};

use crate::bench::Bench;
use crate::sinks::{Receiver, Rsyslog};

/// So many records are sent at once at most: as many may come twice after a daemon was killed.
const BATCH: usize = 256;

/// The texts of what a receiver of fluentd's protocol got.
fn texts(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| record["record"]["log"].as_str().expect("a text").to_owned()).collect()
}

/// The numbers among lines.
fn numbers(lines: &[String]) -> Vec<u32> {
    lines.iter().filter_map(|line| line.parse().ok()).collect()
}

/// How many lines are said to be missing.
fn missing(lines: &[String]) -> u32 {
    let notice = |line: &String| line.strip_prefix("gantry: ")?.split(' ').next()?.parse::<u32>().ok();
    lines.iter().filter_map(notice).sum()
}

/// Every number up to the last one, in order, and some perhaps twice.
fn assert_whole(mut found: Vec<u32>, last: u32) {
    let all = found.len();
    assert!(all - last as usize <= 2 * BATCH, "{all} for {last}");
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, Vec::from_iter(1..=last));
}

#[test]
fn a_container_does_not_start_without_its_receiver_unless_it_may() {
    let bench = Bench::new();
    let at = "dial tcp 127.0.0.1:9: connect: connection refused";
    let start = "failed to initialize logging driver: ";
    for (driver, option, why) in [
        ("syslog", "syslog-address=tcp://127.0.0.1:9", format!("{start}{at}")),
        ("fluentd", "fluentd-address=127.0.0.1:9", format!("{start}{at}")),
        (
            "gelf",
            "gelf-address=tcp://127.0.0.1:9",
            format!("{start}gelf: cannot connect to GELF endpoint: 127.0.0.1:9 {at}"),
        ),
        ("syslog", "syslog-address=tcp://nowhere.invalid:9", format!("{start}dial tcp: lookup nowhere.invalid")),
    ] {
        let message = bench.run(&["--log-driver", driver, "--log-opt", option], "true").failure(125);
        assert!(message.contains(&why), "{option}: {message}");
    }
    let options =
        ["--log-driver", "fluentd", "--log-opt", "fluentd-address=127.0.0.1:9", "--log-opt", "fluentd-async=true"];
    assert_eq!(bench.run(&options, "echo out").success(), "out");
}

#[test]
fn killing_the_daemon_loses_no_record() {
    let mut bench = Bench::new();
    let rsyslog = Rsyslog::start(&bench.host);
    let options = ["-d", "--log-driver", "syslog", "--log-opt", "syslog-address=tcp://127.0.0.1:514"];
    let script = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i % 100)) != 0 ] || usleep 50000; done";
    let id = bench.run(&options, script).success();
    for kills in 1..=4 {
        rsyslog.wait_for(kills * 400);
        bench.daemon.kill();
        bench.daemon.start_again();
    }
    assert_eq!(bench.gantry().ok(&["wait", &id]), "0");
    // In the end one ends while no daemon is there, and another takes the rest.
    let script = "echo 3001; while [ ! -e /go ]; do usleep 10000; done; seq 3002 4000";
    let id = bench.run(&options, script).success();
    let pid = bench.gantry().ok(&["inspect", "-f", "{{.State.Pid}}", &id]);
    bench.daemon.kill();
    std::fs::write(format!("/proc/{pid}/root/go"), "").unwrap();
    eventually("the end of the shim", || bench.daemon.shims().is_empty().then_some(()));
    bench.daemon.start_again();
    let lines = || rsyslog.lines().into_iter().map(|line| line.text).collect::<Vec<_>>();
    eventually("the last line", || lines().iter().any(|line| line == "4000").then_some(()));
    let found = numbers(&lines());
    let all = found.len();
    assert!(all - 4000 <= 5 * BATCH, "{all}");
    let mut sorted = found;
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted, Vec::from_iter(1..=4000));
}

#[test]
fn a_receiver_that_comes_back_gets_what_it_missed() {
    let bench = Bench::new();
    let options = [
        "-d",
        "--log-driver",
        "fluentd",
        "--log-opt",
        "fluentd-request-ack=true",
        "--log-opt",
        "fluentd-retry-wait=100ms",
    ];
    let first = Receiver::start(&bench.host, &["fluentd", "24224"]);
    let script = "seq 1 500; while [ ! -e /go ]; do usleep 10000; done; seq 501 1000; while [ ! -e /end ]; do usleep 10000; done; echo 1001";
    let id = bench.run(&options, script).success();
    let pid = bench.gantry().ok(&["inspect", "-f", "{{.State.Pid}}", &id]);
    let touch = |name: &str| std::fs::write(format!("/proc/{pid}/root/{name}"), "").unwrap();
    let mut found = numbers(&texts(&first.wait_for(500)));
    drop(first);
    touch("go");
    eventually("the lines in the container's log", || {
        bench.gantry().ok(&["logs", "--tail", "1", &id]).ends_with("1000").then_some(())
    });
    let second = Receiver::start(&bench.host, &["fluentd", "24224"]);
    second.wait_for(500);
    touch("end");
    eventually("the last line", || texts(&second.records()).contains(&"1001".to_owned()).then_some(()));
    found.extend(numbers(&texts(&second.records())));
    assert_whole(found, 1001);
    let log = bench.daemon.log();
    assert!(log.contains("does not take it") && log.contains("is done with what waited"), "{log}");
}

#[test]
fn what_the_log_file_cannot_hold_is_counted() {
    let bench = Bench::new();
    let options = [
        "-d",
        "--log-driver",
        "fluentd",
        "--log-opt",
        "fluentd-async=true",
        "--log-opt",
        "cache-max-size=20k",
        "--log-opt",
        "cache-max-file=2",
        "--log-opt",
        "fluentd-buffer-limit=1k",
    ];
    let mut events = bench.gantry().start(&["events", "--filter", "event=log-lost", "--format", "{{json .}}"]);
    let id = bench.run(&options, "seq 1 5000").success();
    bench.gantry().ok(&["wait", &id]);
    let receiver = Receiver::start(&bench.host, &["fluentd", "24224"]);
    let lines = eventually("the last line", || {
        Some(texts(&receiver.records())).filter(|lines| lines.contains(&"5000".to_owned()))
    });
    let (found, lost) = (numbers(&lines), missing(&lines));
    assert!(lost > 3000, "{lost}");
    assert_eq!(found.len() as u32 + lost, 5000);
    assert!(found.is_sorted());
    events.wait_for(&format!("\"lostInAll\":\"{lost}\""));
    assert!(bench.daemon.log().contains(&format!("lost_in_all={lost}")), "{}", bench.daemon.log());
}

#[test]
fn a_ring_that_is_full_drops_and_counts() {
    let bench = Bench::new();
    let options = [
        "-d",
        "--log-driver",
        "fluentd",
        "--log-opt",
        "fluentd-async=true",
        "--log-opt",
        "mode=non-blocking",
        "--log-opt",
        "max-buffer-size=10k",
    ];
    let id = bench.run(&options, "seq 1 5000").success();
    bench.gantry().ok(&["wait", &id]);
    eventually("the receiver to be missed", || bench.daemon.log().contains("does not take it").then_some(()));
    // All of the log is there and shown; what waits for the receiver is no more than its ring holds.
    assert_eq!(bench.gantry().ok(&["logs", &id]).lines().count(), 5000);
    let receiver = Receiver::start(&bench.host, &["fluentd", "24224"]);
    let lines = eventually("all lines to be accounted for", || {
        let lines = texts(&receiver.records());
        (numbers(&lines).len() as u32 + missing(&lines) == 5000).then_some(lines)
    });
    let found = numbers(&lines);
    assert!(found.len() < 2 * BATCH && found.is_sorted() && found[0] == 1, "{}", found.len());
}

#[test]
fn a_receiver_that_is_given_up_costs_counted_lines() {
    let bench = Bench::new();
    let options = [
        "-d",
        "--log-driver",
        "fluentd",
        "--log-opt",
        "fluentd-async=true",
        "--log-opt",
        "fluentd-max-retries=2",
        "--log-opt",
        "fluentd-retry-wait=10ms",
    ];
    bench.run(&options, "seq 1 100").success();
    eventually("the lines to be given up", || bench.daemon.log().contains("lost_in_all=100").then_some(()));
}

#[test]
fn a_container_that_removes_itself_has_sent_everything() {
    let bench = Bench::new();
    let receiver = Receiver::start(&bench.host, &["fluentd", "24224"]);
    bench.run(&["--rm", "--log-driver", "fluentd"], "seq 1 3000").success();
    assert_eq!(bench.gantry().ok(&["ps", "-aq"]), "");
    assert_eq!(numbers(&texts(&receiver.wait_for(3000))), Vec::from_iter(1..=3000));
    // Nor does one that nobody takes anything from stay for ever.
    let options =
        ["--rm", "--log-driver", "fluentd", "--log-opt", "fluentd-address=:1", "--log-opt", "fluentd-async=1"];
    bench.run(&options, "echo lost").success();
    eventually("the container to be gone", || bench.gantry().ok(&["ps", "-aq"]).is_empty().then_some(()));
    assert!(bench.daemon.log().contains("which is lost"), "{}", bench.daemon.log());
}

#[test]
fn last_words_are_sent_before_a_daemon_leaves_with_its_containers() {
    let mut bench = Bench::on(Host::new(), &["--live-restore=false"]);
    let receiver = Receiver::start(&bench.host, &["fluentd", "24224"]);
    let script = "trap 'seq 1 1000; echo bye; exit' TERM; echo ready; while :; do usleep 10000; done";
    bench.run(&["-d", "--log-driver", "fluentd"], script).success();
    receiver.wait_for(1);
    assert!(bench.daemon.stop().success());
    // No daemon is there any more that could send them.
    let lines = texts(&receiver.wait_for(1002));
    assert_eq!((lines[0].as_str(), lines[1001].as_str()), ("ready", "bye"));
}
