//! Our own daemon, with other runtimes in the place of the built-in one.

use testkit::{Client, Daemon, Distributor, Host, LeakCheck, busybox};

/// Its containers, entered, on a terminal, measured, paused, restarted, killed, and refused: by this runtime.
fn whole(gantry: &Client, image: &str, runtime: &str) {
    let run = |options: &[&str], words: &[&str]| {
        gantry.run(&[&["run", "--runtime", runtime], options, &[image], words].concat())
    };
    let done = run(&["--rm", "--memory", "64m", "--pids-limit", "50"], &["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (7, "out\n", "err\n"), "{runtime}");
    assert_eq!(run(&["--rm", "--init"], &["sh", "-c", "cat /proc/1/comm"]).success(), "docker-init");
    assert_eq!(
        run(&["--rm", "--network", "none", "--read-only"], &["sh", "-c", "echo > /x || echo no"]).success(),
        "no"
    );

    let id =
        run(&["--detach", "--name", runtime, "--memory", "64m", "--stop-timeout", "1"], &["sleep", "1000"]).success();
    let shown = gantry.ok(&["inspect", "--format", "{{.HostConfig.Runtime}} {{.State.Status}}", runtime]);
    assert_eq!(shown, format!("{runtime} running"));
    assert_eq!(gantry.ok(&["exec", runtime, "sh", "-c", "echo in; hostname"]), format!("in\n{}", &id[..12]));
    assert_eq!(gantry.run(&["exec", runtime, "sh", "-c", "exit 9"]).code, 9);
    let terminal = gantry.on_terminal(&["exec", "-it", runtime, "sh", "-c", "tty; stty size"], 101, 33);
    terminal.wait_for("33 101");
    gantry.ok(&["restart", runtime]);
    gantry.ok(&["kill", runtime]);
    assert_eq!(gantry.ok(&["wait", runtime]), "137");
    gantry.ok(&["rm", runtime]);
    let refused = run(&["--rm"], &["nosuchprogram"]);
    assert_eq!(refused.code, 127, "{}", refused.stderr);
    assert!(refused.stderr.contains("nosuchprogram"), "{}", refused.stderr);
}

#[test]
fn our_containers_run_by_other_runtimes() {
    let host = Host::new();
    let registry = Distributor::start(&host);
    let image = registry.push(&busybox(), "busybox:1");
    let options = ["--add-runtime", "debian=/usr/sbin/runc", "--add-runtime", "absent=/no/such/runtime"];
    let mut daemon = Daemon::start_with(&host, env!("CARGO_BIN_EXE_gantry"), &options);
    let gantry = daemon.gantry();
    gantry.ok(&["pull", "-q", &image]);
    gantry.ok(&["run", "--rm", &image, "true"]);
    let leaks = LeakCheck::before(&daemon);
    for runtime in ["crun", "debian"] {
        whole(&gantry, &image, runtime);
        leaks.assert_clean(&daemon);
    }
    let absent = gantry.run(&["run", "--rm", "--runtime", "absent", &image, "true"]);
    assert_eq!(absent.code, 125);
    assert!(absent.stderr.contains("run /no/such/runtime: "), "{}", absent.stderr);
    let unknown = gantry.run(&["run", "--rm", "--runtime", "unknown", &image, "true"]);
    assert!(unknown.stderr.contains("unknown or invalid runtime name: unknown"), "{}", unknown.stderr);

    gantry.ok(&["run", "-d", "--name", "survivor", "--runtime", "crun", &image, "sleep", "1000"]);
    daemon.kill();
    daemon.start_again();
    assert_eq!(gantry.ok(&["exec", "survivor", "sh", "-c", "echo alive"]), "alive");
    gantry.ok(&["rm", "-f", "survivor"]);
    leaks.assert_clean(&daemon);
}
