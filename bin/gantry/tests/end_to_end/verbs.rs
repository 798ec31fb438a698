//! What is done to a container that runs: frozen, renamed, changed, looked into. By the stock client, whose commands are
//! the contract.

use std::fs;

use testkit::eventually;

use crate::bench::{Bench, ask};

fn state(bench: &Bench, name: &str) -> String {
    bench.daemon.docker().ok(&["inspect", "-f", "{{.State.Status}} {{.State.Paused}} {{.State.Running}}", name])
}

#[test]
fn what_is_paused_stands_still_until_it_goes_on() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "web"], "while :; do echo x >> /ticks; sleep 0.01; done").success();
    let pid = docker.ok(&["inspect", "-f", "{{.State.Pid}}", "web"]);
    let ticks = || fs::metadata(format!("/proc/{pid}/root/ticks")).map_or(0, |file| file.len());
    eventually("the first tick", || (ticks() > 0).then_some(()));
    assert_eq!(docker.ok(&["pause", "web"]), "web");
    let before = ticks();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(ticks(), before);
    assert_eq!(state(&bench, "web"), "paused true true");
    assert!(docker.ok(&["ps", "--filter", "status=paused"]).contains("(Paused)"));

    assert!(docker.fails(1, &["pause", "web"]).contains("is already paused"));
    assert!(docker.fails(1, &["start", "web"]).contains("cannot start a paused container, try unpause instead"));
    assert!(docker.fails(1, &["exec", "web", "true"]).contains("is paused, unpause the container before exec"));
    assert!(docker.fails(1, &["attach", "web"]).contains("paused"));
    assert!(docker.fails(1, &["rm", "web"]).contains("container is paused and must be unpaused first"));
    docker.ok(&["top", "web"]);

    assert_eq!(docker.ok(&["unpause", "web"]), "web");
    eventually("another tick", || (ticks() > before).then_some(()));
    assert_eq!(state(&bench, "web"), "running false true");
    assert!(docker.fails(1, &["unpause", "web"]).contains("is not paused"));
    docker.ok(&["create", "--name", "idle", &bench.image]);
    assert!(docker.fails(1, &["pause", "idle"]).contains("is not running"));
    assert!(docker.fails(1, &["pause", "nosuch"]).contains("No such container: nosuch"));
}

#[test]
fn what_is_paused_can_be_ended_and_is_found_so_by_the_next_daemon() {
    let mut bench = Bench::new();
    let start = |bench: &Bench, name: &str| {
        bench.run(&["-d", "--name", name], "trap 'exit 5' USR1; while :; do sleep 0.1; done").success()
    };
    for name in ["stopped", "killed", "removed", "restarted", "kept"] {
        start(&bench, name);
        bench.daemon.docker().ok(&["pause", name]);
    }
    let docker = bench.daemon.docker();
    docker.ok(&["stop", "-t", "1", "stopped"]);
    docker.ok(&["kill", "killed"]);
    docker.ok(&["rm", "-f", "removed"]);
    docker.ok(&["restart", "-t", "1", "restarted"]);
    assert_eq!(docker.ok(&["inspect", "-f", "{{.State.ExitCode}}", "killed"]), "137");
    assert_eq!(state(&bench, "stopped"), "exited false false");
    assert_eq!(state(&bench, "restarted"), "running false true");
    // A signal that does not end it waits for it.
    docker.ok(&["kill", "-s", "USR1", "kept"]);
    assert_eq!(state(&bench, "kept"), "paused true true");

    bench.daemon.kill();
    bench.daemon.start_again();
    assert_eq!(state(&bench, "kept"), "paused true true");
    bench.daemon.docker().ok(&["unpause", "kept"]);
    eventually("the end by the signal", || (state(&bench, "kept") == "exited false false").then_some(()));
}

#[test]
fn a_name_is_changed_and_free_again_at_once() {
    let mut bench = Bench::new();
    let docker = bench.daemon.docker();
    let id = bench.run(&["-d", "--name", "old"], "sleep 1000").success();
    bench.run(&["-d", "--name", "other"], "sleep 1000").success();
    docker.ok(&["rename", "old", "new"]);
    assert_eq!(docker.ok(&["inspect", "-f", "{{.Id}} {{.Name}}", "new"]), format!("{id} /new"));
    assert!(docker.fails(1, &["inspect", "old"]).contains("No such object: old"));
    docker.ok(&["rename", "other", "old"]);
    for (name, part) in [
        ("old", "Error when allocating new name: Conflict. The container name \"/old\" is already in use by container"),
        ("new", "Renaming a container with the same name as its current name"),
        (
            ".x",
            "Error when allocating new name: Invalid container name (/.x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
        ),
        ("a/b", "Invalid container name"),
    ] {
        let message = docker.fails(1, &["rename", "new", name]);
        assert!(message.contains(part), "{name}: {message}");
    }
    assert!(docker.fails(1, &["rename", "nosuch", "x1"]).contains("No such container: nosuch"));
    assert_eq!(ask(&bench, "POST", "/containers/new/rename", "").0, 400);
    eventually("the event", || {
        let filter = ["events", "--since", "10m", "--until", "0s", "--filter", "event=rename"];
        let events = docker.ok(&[&filter[..], &["--format", "{{json .Actor.Attributes}}"]].concat());
        events.contains(r#""oldName":"/old""#).then_some(())
    });

    bench.daemon.kill();
    bench.daemon.start_again();
    let names = bench.daemon.docker().ok(&["ps", "--format", "{{.Names}}"]);
    assert_eq!(names, "old\nnew");
}

#[test]
fn limits_change_while_it_runs_and_stay_changed() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "web", "--memory", "64m"], "sleep 1000").success();
    let group = |file: &str| {
        let found = bench.daemon.cgroups().into_iter().find_map(|path| {
            let path = fs::read_dir(path).ok()?.flatten().find(|entry| entry.path().is_dir())?.path();
            fs::read_to_string(path.join(file)).ok()
        });
        found.map(|text| text.trim().to_owned())
    };
    let memory = || group("memory.max").or_else(|| group("memory.limit_in_bytes"));
    assert_eq!(memory().as_deref(), Some("67108864"));
    docker.ok(&["update", "--memory", "100m", "--pids-limit", "50", "--restart", "on-failure:3", "web"]);
    assert_eq!((memory().as_deref(), group("pids.max").as_deref()), (Some("104857600"), Some("50")));
    let told = ["inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}"];
    assert_eq!(docker.ok(&[&told[..], &["web"]].concat()), "104857600 50 on-failure");
    docker.ok(&["restart", "-t", "0", "web"]);
    assert_eq!(memory().as_deref(), Some("104857600"), "the next run has them, too");

    for (body, status) in [
        (r#"{"Memory": 1000}"#, 400),
        (r#"{"Memory": 1073741824}"#, 409),
        (r#"{"CpusetCpus": "999"}"#, 400),
        (r#"{"RestartPolicy": {"Name": "sometimes"}}"#, 400),
        (r#"{"Memory": "much"}"#, 400),
        ("{", 400),
        ("", 200),
        ("{}", 200),
    ] {
        let (code, answer) = ask(&bench, "POST", "/containers/web/update", body);
        assert_eq!(code, status, "{body}: {answer}");
    }
    assert_eq!(ask(&bench, "POST", "/containers/nosuch/update", "{}").0, 404);
    assert_eq!(memory().as_deref(), Some("104857600"), "what was refused changed nothing");
}

#[test]
fn a_limit_that_the_kernel_refuses_leaves_the_others_as_they_were() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    // More memory than the new limit cannot be taken away from who holds it.
    let script = "dd if=/dev/zero of=/dev/shm/x bs=1M count=30; echo ready; sleep 1000";
    bench
        .run(&["-d", "--name", "web", "--shm-size", "40m", "--memory", "64m", "--memory-swap", "64m"], script)
        .success();
    eventually("its memory", || docker.ok(&["logs", "web"]).contains("ready").then_some(()));
    let update = ["update", "--pids-limit", "77", "--memory", "8m", "--memory-swap", "8m", "web"];
    let outcome = docker.run(&update);
    let told = docker.ok(&["inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}", "web"]);
    match outcome.code {
        // Version 2 of the control groups takes any limit, and lets the kernel see to it.
        0 => assert_eq!(told, "8388608 77"),
        _ => {
            assert!(outcome.stderr.contains("Cannot update container"), "{outcome:?}");
            assert_eq!(told, "67108864 <nil>");
            let pids = bench.run(&["--rm"], "true");
            pids.success();
        }
    }
}

#[test]
fn processes_are_listed_as_ps_lists_them() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "web"], "sleep 1000 & sleep 2000").success();
    let list = docker.ok(&["top", "web"]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("UID") && lines[0].ends_with("CMD"), "{list}");
    assert_eq!(lines.len(), 3, "{list}");
    assert!(list.contains("sleep 1000") && list.contains("sleep 2000"));
    let own = docker.ok(&["top", "web", "-o", "pid,args"]);
    assert_eq!(own.lines().count(), 3, "{own}");
    assert!(docker.ok(&["top", "web", "axf"]).lines().count() >= 3, "options that do not go with a list of ids");
    assert!(docker.fails(1, &["top", "web", "-o", "args"]).contains("Couldn't find PID field in ps output"));
    assert!(docker.fails(1, &["top", "web", "--bad"]).contains("ps: error: unknown gnu long option"));
    docker.ok(&["stop", "-t", "0", "web"]);
    assert!(docker.fails(1, &["top", "web"]).contains("is not running"));
}

#[test]
fn statistics_tell_what_is_used() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "busy", "--memory", "64m"], "while :; do :; done").success();
    bench.run(&["-d", "--name", "idle", "--network", "none"], "sleep 1000").success();
    let figures = |name: &str, field: &str| docker.ok(&["stats", "--no-stream", "--format", field, name]);
    let share: f64 = figures("busy", "{{.CPUPerc}}").trim_end_matches('%').parse().expect("a number");
    assert!(share > 10.0, "{share}");
    assert!(figures("busy", "{{.MemUsage}}").ends_with("/ 64MiB"));
    assert_eq!(figures("idle", "{{.CPUPerc}} {{.NetIO}} {{.PIDs}}"), "0.00% 0B / 0B 1");
    docker.ok(&["stop", "-t", "0", "idle"]);
    assert_eq!(figures("idle", "{{.MemUsage}} {{.PIDs}}"), "0B / 0B 0");

    let (status, body) = ask(&bench, "GET", "/containers/busy/stats?stream=false", "");
    let told: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &told["name"]), (200, &"/busy".into()));
    let number =
        |path: &str| told.pointer(path).and_then(serde_json::Value::as_u64).unwrap_or_else(|| panic!("{path}: {body}"));
    assert!(number("/cpu_stats/cpu_usage/total_usage") > number("/precpu_stats/cpu_usage/total_usage"));
    assert!(number("/cpu_stats/system_cpu_usage") >= number("/precpu_stats/system_cpu_usage"));
    assert_eq!(number("/memory_stats/limit"), 64 << 20);
    assert!(told["networks"]["eth0"]["rx_bytes"].is_u64());
    assert_eq!(ask(&bench, "GET", "/containers/busy/stats?stream=1&one-shot=1", "").0, 400);
    let (_, body) = ask(&bench, "GET", "/containers/busy/stats?stream=0&one-shot=1", "");
    assert!(body.contains(r#""preread":"0001-01-01T00:00:00Z""#), "{body}");
    assert_eq!(ask(&bench, "GET", "/containers/nosuch/stats", "").0, 404);
}

#[test]
fn one_container_shares_the_network_of_another() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let id =
        bench.run(&["-d", "--name", "base", "-h", "basehost", "--add-host", "friend:10.9.9.9"], "sleep 1000").success();
    bench
        .run(&["-d", "--name", "side", "--network", "container:base"], "nc -l -p 4321 -e echo met; sleep 1000")
        .success();
    eventually("a meeting on the loopback", || {
        (docker.run(&["exec", "base", "nc", "127.0.0.1", "4321"]).stdout.trim_end() == "met").then_some(())
    });
    assert_eq!(docker.ok(&["exec", "side", "hostname"]), "basehost");
    assert!(docker.ok(&["exec", "side", "cat", "/etc/hosts"]).contains("10.9.9.9"));
    let told = docker.ok(&["inspect", "-f", "{{.HostConfig.NetworkMode}} {{json .NetworkSettings.Networks}}", "side"]);
    assert_eq!(told, format!("container:{id} {{}}"));
    for (options, part) in [
        (&["--network", "container:base", "-h", "x"][..], "conflicting options: hostname and the network mode"),
        (
            &["--network", "container:base", "-p", "80:80"],
            "conflicting options: port publishing and the container type network mode",
        ),
        (&["--network", "container:base", "--dns", "1.1.1.1"], "conflicting options: dns and the network mode"),
        (&["--network", "container:base", "--expose", "80"], "conflicting options: port exposing"),
        (&["--network", "container:"], "invalid container format container:<name|id>"),
        (&["--network", "container:nosuch"], "joining network namespace of container: No such container: nosuch"),
    ] {
        let message = bench.run(options, "true").failure(125);
        assert!(message.contains(part), "{options:?}: {message}");
    }
    docker.ok(&["stop", "-t", "0", "base"]);
    docker.ok(&["stop", "-t", "0", "side"]);
    let message = docker.fails(1, &["start", "side"]);
    assert!(
        message.contains("cannot join network namespace of a non running container: container base is exited"),
        "{message}"
    );
    docker.ok(&["start", "base"]);
    docker.ok(&["start", "side"]);
}

#[test]
fn one_container_shares_the_processes_of_another() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "base"], "exec sleep 4242").success();
    let seen = bench.run(&["--rm", "--pid", "container:base"], "ps").success();
    assert!(seen.contains("sleep 4242"), "{seen}");
    bench.run(&["-d", "--name", "side", "--pid", "container:base"], "sleep 1000").success();
    // Its processes are its own all the same.
    assert!(!docker.ok(&["top", "side"]).contains("4242"));
    docker.ok(&["rm", "-f", "side"]);
    assert_eq!(state(&bench, "base"), "running false true");
    bench.run(&["-d", "--name", "side", "--pid", "container:base"], "sleep 1000").success();
    docker.ok(&["stop", "-t", "0", "base"]);
    eventually("the end of what was in it", || (state(&bench, "side") == "exited false false").then_some(()));
    assert!(docker.fails(1, &["start", "side"]).contains("is exited"));
    assert!(bench.run(&["--pid", "container:nosuch"], "true").failure(125).contains("No such container: nosuch"));
}

#[test]
fn block_devices_are_limited_by_their_paths() {
    let bench = Bench::new();
    let devices = bench.host.ok(&["lsblk", "-dnpo", "NAME,MAJ:MIN"]);
    let (device, numbers) = devices.lines().next().and_then(|line| line.split_once(' ')).expect("a disk");
    let limit = format!("{device}:1mb");
    bench
        .run(&["-d", "--device-read-bps", &limit, "--device-write-iops", &format!("{device}:77")], "sleep 1000")
        .success();
    let group = |file: &str| {
        bench.daemon.cgroups().into_iter().find_map(|path| {
            let path = fs::read_dir(path).ok()?.flatten().find(|entry| entry.path().is_dir())?.path();
            fs::read_to_string(path.join(file)).ok()
        })
    };
    let numbers = numbers.trim();
    match group("io.max") {
        Some(limits) => assert_eq!(limits.trim(), format!("{numbers} rbps=1048576 wbps=max riops=max wiops=77")),
        None => {
            let limit = |file: &str| group(&format!("blkio.throttle.{file}_device")).unwrap_or_default();
            assert_eq!(limit("read_bps").trim(), format!("{numbers} 1048576"));
            assert_eq!(limit("write_iops").trim(), format!("{numbers} 77"));
        }
    }
    for (option, part) in [
        ("--device-read-bps=/dev/none:1mb", "invalid block device \"/dev/none\": it does not exist"),
        ("--device-read-bps=/dev/null:1mb", "not a block device"),
        ("--blkio-weight-device=/dev/null:5", "invalid weight for device"),
        ("--storage-opt=size=1G", "--storage-opt is supported only for overlay over xfs"),
    ] {
        let message = bench.run(&[option], "true").failure(125);
        assert!(message.contains(part), "{option}: {message}");
    }
}
