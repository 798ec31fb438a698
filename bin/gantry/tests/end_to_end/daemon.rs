//! The daemon's own manners: options, configuration, pidfile, socket, neighbours, signals.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::{Duration, Instant};

use testkit::{Client, Daemon, Host, Job, Output};

use crate::GANTRY;
use crate::bench::{Bench, number};

/// Starts a daemon that is expected to refuse.
fn refused(daemon: &Daemon) -> Output {
    Job::spawn(daemon.command()).finish()
}

fn refusal(options: &[&str]) -> String {
    refused(&Daemon::prepare(&Host::new(), GANTRY, options)).failure(1)
}

#[test]
fn two_daemons_share_a_host_and_nothing_else() {
    let bench = Bench::new();
    let second = Daemon::start(&bench.host, GANTRY);
    let (one, two) = (bench.gantry(), second.gantry());
    assert_eq!(two.ok(&["images", "-q", &bench.image]), "");
    two.ok(&["pull", "-q", &bench.image]);
    let start = ["run", "-d", "--name", "same", &bench.image, "sleep", "1000"];
    let ids = [one.ok(&start), two.ok(&start)];
    assert_eq!([one.ok(&["ps", "-q", "--no-trunc"]), two.ok(&["ps", "-q", "--no-trunc"])], ids);
    let rules = bench.host.ok(&["nft", "list", "tables"]);
    assert_eq!(rules.lines().count(), 2, "{rules}");
    two.ok(&["rm", "-f", "same"]);
    drop(second);
    assert_eq!(one.ok(&["exec", "same", "echo", "alive"]), "alive");
}

#[test]
fn a_second_daemon_of_the_same_pidfile_is_refused() {
    let bench = Bench::new();
    assert_eq!(number(&bench.daemon.pidfile()), bench.daemon.pid());
    let message = refused(&bench.daemon).failure(1);
    assert!(message.contains("is still running"), "{message}");
    assert_eq!(number(&bench.daemon.pidfile()), bench.daemon.pid(), "the file is as it was");
    bench.run(&["--rm"], "true").success();
}

#[test]
fn a_second_daemon_of_the_same_state_is_refused() {
    let bench = Bench::new();
    let mut command = bench.daemon.command();
    let elsewhere = bench.daemon.socket().with_file_name("socket2");
    command.arg("--pidfile").arg(bench.daemon.pidfile().with_file_name("pid2"));
    command.arg(format!("--host=unix://{}", elsewhere.display()));
    let output = Job::spawn(command).finish();
    assert_ne!(output.code, 0, "{output:?}");
    bench.run(&["--rm"], "true").success();
}

#[test]
fn the_socket_is_for_its_owner_and_group() {
    let mut daemon = Daemon::start(&Host::new(), GANTRY);
    let metadata = fs::metadata(daemon.socket()).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    assert_eq!(fs::metadata(daemon.data_root()).unwrap().permissions().mode() & 0o007, 0);
    assert!(daemon.stop().success());
    assert!(!daemon.socket().exists(), "a clean end removes the socket");
    assert!(!daemon.pidfile().exists(), "and the pidfile");
}

#[test]
fn a_socket_that_a_killed_daemon_left_is_taken_over() {
    let mut daemon = Daemon::start(&Host::new(), GANTRY);
    daemon.kill();
    assert!(daemon.socket().exists() && daemon.pidfile().exists());
    daemon.start_again();
    assert_eq!(number(&daemon.pidfile()), daemon.pid());
    assert!(!daemon.gantry().ok(&["version", "-f", "{{.Server.Version}}"]).is_empty());
}

#[test]
fn options_that_are_wrong_are_refused_by_name() {
    for (options, part) in [
        (&["--no-such-option"][..], "no-such-option"),
        (&["--bip", "10.0.0.1"], "10.0.0.1"),
        (&["--storage-driver", "zfs"], "zfs"),
        (&["--log-level", "loud"], "loud"),
        (&["--mtu", "big"], "big"),
        (&["--registry-mirror", "ftp://mirror"], "mirror"),
        (&["--rootless"], "rootless"),
        (&["--default-ulimit", "nofile"], "nofile"),
        (&["--default-ulimit", "nofile=9:5"], "nofile=9:5"),
        (&["--default-ulimit", "nosuch=1"], "nosuch"),
        (&["--default-shm-size", "little"], "little"),
        (&["--default-ipc-mode", "host"], "default-ipc-mode"),
        (&["--default-cgroupns-mode", "x"], "default-cgroupns-mode"),
        (&["--seccomp-profile", "/no/such"], "/no/such"),
        (&["--shutdown-timeout", "soon"], "soon"),
        (&["--oom-score-adjust", "2000"], "2000"),
    ] {
        let message = refusal(options);
        assert!(message.contains(part), "{options:?}: {message}");
        assert!(!message.contains("panicked"), "{options:?}: {message}");
    }
}

#[test]
fn options_without_a_meaning_here_are_noted_and_no_more() {
    let options = ["--containerd", "/run/containerd.sock", "--userland-proxy=false"];
    let daemon = Daemon::start_with(&Host::new(), GANTRY, &options);
    let log = daemon.log();
    for option in ["containerd", "userland-proxy"] {
        assert!(log.contains(option), "{option}: {log}");
    }
}

#[test]
fn a_configuration_file_is_read_and_its_mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("configuration.json");
    let option = format!("--config-file={}", file.display());
    assert!(refusal(&[&option]).contains("configuration.json"), "a file that was named must be there");
    for (text, part) in [
        ("{", "configuration.json"),
        (r#"{"no-such-key": 1}"#, "no-such-key"),
        (r#"{"labels": "x=y"}"#, "labels"),
        (r#"{"bip": "10.9.0.1/24"}"#, "bip"), // also given as a flag
    ] {
        fs::write(&file, text).unwrap();
        let message = refusal(&[&option]);
        assert!(message.contains(part), "{text}: {message}");
    }
    fs::write(&file, r#"{"labels": ["colour=blue"], "insecure-registries": ["10.0.0.0/8"], "debug": true}"#).unwrap();
    let daemon = Daemon::start_with(&Host::new(), GANTRY, &[&option]);
    assert_eq!(daemon.gantry().ok(&["info", "-f", "{{.Labels}} {{.Debug}}"]), "[colour=blue] true");
}

#[test]
fn containers_outlive_a_clean_stop_too() {
    let mut bench = Bench::new();
    let id =
        bench.gantry().ok(&["run", "-d", &bench.image, "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done"]);
    assert!(bench.daemon.stop().success());
    assert_eq!(bench.daemon.shims().len(), 1);
    bench.daemon.start_again();
    assert_eq!(bench.gantry().ok(&["ps", "-q", "--no-trunc"]), id);
    bench.gantry().ok(&["stop", &id]);
    assert_eq!(bench.gantry().ok(&["wait", &id]), "9");
}

#[test]
fn what_ended_while_no_daemon_ran_has_its_exit_code() {
    let mut bench = Bench::new();
    let script = "echo early; while [ ! -e /go ]; do sleep 0.01; done; echo late; exit 42";
    let id = bench.gantry().ok(&["run", "-d", &bench.image, "sh", "-c", script]);
    let pid = bench.gantry().ok(&["inspect", "-f", "{{.State.Pid}}", &id]);
    bench.daemon.kill();
    fs::write(format!("/proc/{pid}/root/go"), "").unwrap();
    testkit::eventually("the end of the shim", || bench.daemon.shims().is_empty().then_some(()));
    bench.daemon.start_again();
    assert_eq!(bench.gantry().ok(&["wait", &id]), "42");
    assert_eq!(bench.gantry().ok(&["logs", &id]), "early\nlate");
}

#[test]
fn stop_gives_ten_seconds_and_then_kills() {
    let bench = Bench::new();
    let id = bench.run(&["-d"], "trap '' TERM; while :; do sleep 0.1; done").success();
    testkit::eventually("the shell's ears to be closed", || ignores_terminate(&bench.gantry(), &id).then_some(()));
    let begun = Instant::now();
    bench.gantry().ok(&["stop", &id]);
    assert!(begun.elapsed() >= Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(bench.gantry().ok(&["wait", &id]), "137");
}

fn ignores_terminate(gantry: &Client, id: &str) -> bool {
    let pid = gantry.ok(&["inspect", "-f", "{{.State.Pid}}", id]);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the container runs");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("the kernel tells");
    u64::from_str_radix(ignored.trim(), 16).expect("a mask of signals") & (1 << 14) != 0
}

#[test]
fn stop_with_a_time_waits_as_long_and_then_kills() {
    let bench = Bench::new();
    for client in [bench.daemon.gantry(), bench.daemon.docker()] {
        let run = |script: &str| client.ok(&["run", "-d", &bench.image, "sh", "-c", script]);
        let ready = |id: &str| {
            testkit::eventually("its first line", || (client.ok(&["logs", id]) == "ready").then_some(()));
        };
        let deaf = run("trap '' TERM; echo ready; while :; do sleep 0.1; done");
        ready(&deaf);
        client.ok(&["stop", "-t", "1", &deaf]);
        assert_eq!(client.ok(&["wait", &deaf]), "137");
        let obedient = run("trap 'exit 6' TERM; echo ready; while :; do sleep 0.1; done");
        ready(&obedient);
        client.ok(&["stop", &obedient]);
        assert_eq!(client.ok(&["wait", &obedient]), "6");
        client.ok(&["rm", &deaf, &obedient]);
    }
}

#[test]
fn an_exec_tells_its_exit_code_every_time() {
    let bench = Bench::new();
    let id = bench.gantry().ok(&["run", "-d", &bench.image, "sleep", "1000"]);
    for client in [bench.daemon.gantry(), bench.daemon.docker()] {
        for _ in 0..20 {
            assert_eq!(client.run(&["exec", &id, "sh", "-c", "exit 5"]).code, 5);
        }
        // The output ends before the process does.
        assert_eq!(client.run(&["exec", &id, "sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 6"]).code, 6);
    }
}

#[test]
fn events_of_the_past_outlive_their_daemon() {
    let mut bench = Bench::new();
    let all = |bench: &Bench, filter: &str| {
        let filter = format!("container={filter}");
        let args = ["events", "--since", "1", "--until", "0s", "--filter", &filter, "--format", "{{.Action}}"];
        bench.daemon.docker().ok(&args)
    };
    bench.run(&["--name", "first"], "true").success();
    let begun = ["create", "attach", "start", "die"];
    let has_all = |bench: &Bench| begun.iter().all(|action| all(bench, "first").lines().any(|line| line == *action));
    testkit::eventually("its events", || has_all(&bench).then_some(()));
    let before = all(&bench, "first");
    bench.daemon.kill();
    bench.daemon.start_again();
    assert_eq!(all(&bench, "first"), before);
    bench.run(&["--name", "second"], "true").success();
    testkit::eventually("the second's", || all(&bench, "second").contains("die").then_some(()));
    assert_eq!(all(&bench, "first"), before);
}

#[test]
fn what_containers_get_that_say_nothing_is_the_daemon_s_to_say() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("seccomp.json");
    let text =
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}"#;
    fs::write(&profile, text).unwrap();
    let configuration = folder.path().join("daemon.json");
    let text = format!(
        r#"{{"default-ulimits": {{"nofile": {{"Name": "nofile", "Soft": 321, "Hard": 400}}}}, "default-shm-size": "3m",
            "init": true, "no-new-privileges": true, "seccomp-profile": "{}"}}"#,
        profile.display()
    );
    fs::write(&configuration, text).unwrap();
    let option = format!("--config-file={}", configuration.display());
    let bench = Bench::on(Host::new(), &[&option, "--oom-score-adjust", "7"]);
    let (daemon, gantry, image) = (&bench.daemon, bench.gantry(), &bench.image);
    let script = "ulimit -n; df -k /dev/shm | tail -1 | awk '{print $2}'; ps -o pid,args | awk '$1==1{print $2}'; \
                  grep NoNewPrivs /proc/self/status; mkdir /x 2>&1";
    let run = |options: &[&str]| {
        let words = [&["run", "--rm"], options, &[image, "sh", "-c", script]].concat();
        gantry.run(&words).stdout
    };
    let told = run(&[]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!((lines[0], lines[1]), ("321", "3072"), "{told}");
    assert!(lines[2].contains("init"), "{told}");
    assert!(lines[3].ends_with('1') && lines[4].contains("not permitted"), "{told}");
    let own =
        ["--ulimit", "nofile=99", "--shm-size", "5m", "--init=false", "--security-opt", "no-new-privileges=false"];
    let told = run(&[&own[..], &["--security-opt", "seccomp=unconfined"]].concat());
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!((lines[0], lines[1], lines[2]), ("99", "5120", "sh"), "{told}");
    assert!(lines[3].ends_with('0') && lines.len() == 4, "{told}");
    let adjusted = fs::read_to_string(format!("/proc/{}/oom_score_adj", daemon.pid())).unwrap();
    assert_eq!(adjusted.trim(), "7");
}

#[test]
fn without_live_restore_containers_are_stopped_with_the_daemon() {
    let Bench { mut daemon, image, .. } = Bench::on(Host::new(), &["--live-restore=false", "--shutdown-timeout", "1"]);
    let gantry = daemon.gantry();
    assert_eq!(gantry.ok(&["info", "-f", "{{.LiveRestoreEnabled}}"]), "false");
    let run = |name: &str, policy: &str, script: &str| {
        gantry.ok(&["run", "-d", "--name", name, "--restart", policy, &image, "sh", "-c", script]);
    };
    run("polite", "always", "trap 'exit 3' TERM; while :; do sleep 0.1; done");
    run("deaf", "no", "trap '' TERM; while :; do sleep 0.1; done");
    gantry.ok(&["run", "-d", "--rm", "--name", "passing", &image, "sleep", "1000"]);
    testkit::eventually("the shell's ears to be closed", || ignores_terminate(&gantry, "deaf").then_some(()));
    assert!(daemon.stop().success());
    assert_eq!(daemon.shims().len(), 0);
    daemon.start_again();
    let gantry = daemon.gantry();
    testkit::eventually("the start by its policy", || {
        (gantry.ok(&["inspect", "-f", "{{.State.Running}}", "polite"]) == "true").then_some(())
    });
    assert_eq!(gantry.ok(&["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "deaf"]), "exited 137");
    assert_eq!(gantry.ok(&["ps", "-aq", "--filter", "name=passing"]), "");
}

#[test]
fn collectors_find_what_the_daemon_counts() {
    let bench = Bench::on(Host::new(), &["--metrics-addr", "127.0.0.1:9323"]);
    let (gantry, host, image) = (bench.gantry(), &bench.host, &bench.image);
    let id = gantry.ok(&["run", "-d", "--health-cmd", "false", "--health-interval", "20ms", image, "sleep", "1000"]);
    gantry.ok(&["pause", &gantry.ok(&["run", "-d", image, "sleep", "1000"])]);
    gantry.ok(&["create", image]);
    let scrape = || host.ok(&["curl", "--fail", "--silent", "--noproxy", "*", "http://127.0.0.1:9323/metrics"]);
    let has = |text: &str, line: &str| text.lines().any(|known| known == line);
    let prefix = "engine_daemon_";
    testkit::eventually("a failed check", || {
        (!has(&scrape(), &format!("{prefix}health_checks_failed_total 0"))).then_some(())
    });
    let text = scrape();
    for line in [
        "container_states_containers{state=\"running\"} 1",
        "container_states_containers{state=\"paused\"} 1",
        "container_states_containers{state=\"stopped\"} 1",
        "container_actions_seconds_count{action=\"create\"} 3",
        "container_actions_seconds_count{action=\"start\"} 2",
        "container_actions_seconds_count{action=\"delete\"} 0",
        "events_subscribers_total 0",
    ] {
        assert!(has(&text, &format!("{prefix}{line}")), "{line}: {text}");
    }
    assert!(text.contains("engine_daemon_engine_info{version=") && text.ends_with("# EOF"), "{text}");
    gantry.ok(&["rm", "-f", &id]);
    assert!(has(&scrape(), &format!("{prefix}container_actions_seconds_count{{action=\"delete\"}} 1")));
    let taken = refused(&Daemon::prepare(host, GANTRY, &["--metrics-addr", "127.0.0.1:9323"])).failure(1);
    assert!(taken.contains("failed to start metrics server: listen on 127.0.0.1:9323: "), "{taken}");
}

#[test]
fn a_configuration_that_has_changed_is_taken_at_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daemon.json");
    fs::write(&file, r#"{"labels": ["a=1"]}"#).unwrap();
    let option = format!("--config-file={}", file.display());
    let bench = Bench::on(Host::new(), &[&option]);
    let gantry = bench.gantry();
    let facts = "{{.Labels}} {{.Debug}} {{.DefaultRuntime}} {{.LiveRestoreEnabled}} {{.RegistryConfig.Mirrors}}";
    let told = || gantry.ok(&["info", "-f", facts]);
    let reload = || bench.host.ok(&["kill", "-HUP", &bench.daemon.pid().to_string()]);
    assert_eq!(told(), "[a=1] false runc true []");
    let text = r#"{"labels": ["b=2"], "debug": true, "runtimes": {"other": {"path": "/usr/bin/crun"}},
        "default-runtime": "other", "live-restore": false, "mtu": 1400,
        "registry-mirrors": ["http://127.0.0.1:1"], "insecure-registries": ["far.example"]}"#;
    fs::write(&file, text).unwrap();
    reload();
    let new = "[b=2] true other false [http://127.0.0.1:1/]";
    testkit::eventually("the new settings", || (told() == new).then_some(()));
    assert_eq!(bench.run(&["--rm"], "echo by another").stdout, "by another\n");
    fs::write(&file, r#"{"labels": ["no label"], "nonsense": 1}"#).unwrap();
    reload();
    testkit::eventually("both to be logged", || {
        let log = bench.daemon.log();
        (log.contains("option --mtu has changed") && log.contains("stays as it was: ")).then_some(())
    });
    assert_eq!(told(), new);
    let events = ["events", "--since", "10m", "--until", "0s", "--filter", "type=daemon", "--format", "{{json .}}"];
    let event = testkit::eventually("the event", || Some(gantry.ok(&events)).filter(|text| !text.is_empty()));
    assert!(event.contains(r#""Action":"reload""#) && event.contains(r#""labels":"[\"b=2\"]""#), "{event}");
    assert_eq!(event.lines().count(), 1);
}
