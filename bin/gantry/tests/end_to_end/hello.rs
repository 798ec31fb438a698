//! The first command of the README: one command on a machine where nothing runs yet.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Client, Host, Job, eventually};

use crate::GANTRY;

#[test]
fn the_first_command_starts_a_daemon_and_the_second_uses_it() {
    let host = Host::with_empty_state();
    let client = Client::new(&host, Path::new(GANTRY), None);
    let first = client.run(&["run", "--rm", "hello"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stderr.contains("daemon"), "it tells that it starts a daemon: {first:?}");
    assert!(first.stderr.contains("ms"), "it tells how long the steps took: {first:?}");
    assert!(!first.stdout.trim().is_empty(), "{first:?}");
    let pid = host.ok(&["cat", "/run/gantry/gantry.pid"]);

    let second = client.run(&["run", "--rm", "hello"]);
    assert_eq!((second.code, &second.stdout), (0, &first.stdout), "{second:?}");
    assert_eq!(host.ok(&["cat", "/run/gantry/gantry.pid"]), pid, "the same daemon answers");

    terminate(&host, &pid);
    assert_eq!(host.run(&["ls", "/run/gantry/gantry.pid", "/run/gantry/gantry.sock"]).stdout, "");
    let log = host.ok(&["cat", "/run/gantry/daemon.log"]);
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn the_stock_client_runs_the_embedded_image_too() {
    let host = Host::with_empty_state();
    Client::new(&host, Path::new(GANTRY), None).ok(&["run", "--rm", "hello"]);
    let docker = Client::new(&host, Path::new("docker"), Some(Path::new("/run/gantry/gantry.sock")));
    assert!(!docker.ok(&["run", "--rm", "hello"]).is_empty());
    terminate(&host, &host.ok(&["cat", "/run/gantry/gantry.pid"]));
}

#[test]
fn without_root_the_message_says_what_is_needed() {
    let host = Host::with_empty_state();
    // The binary may lie where only root can go, so it is put where everybody can.
    let folder = tempfile::tempdir_in("/tmp").expect("make a folder");
    let binary = folder.path().join("gantry");
    std::fs::copy(GANTRY, &binary).expect("copy the binary");
    host.ok(&["chmod", "755", &folder.path().display().to_string()]);
    let as_nobody = |args: &[&str]| {
        let mut command: Command = host.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary).args(args);
        command.env("HOME", "/nonexistent").env_remove("DOCKER_HOST").env_remove("DOCKER_CONFIG");
        Job::spawn(command).finish()
    };
    let run = as_nobody(&["run", "--rm", "hello"]);
    assert_eq!(run.code, 125, "{run:?}");
    assert!(run.stderr.contains("root"), "{run:?}");
    let daemon = as_nobody(&["daemon"]);
    assert_eq!(daemon.code, 1, "{daemon:?}");
    assert!(daemon.stderr.contains("must be run as root"), "{daemon:?}");
}

/// Ends the daemon as the README says, and waits until it has gone; takes the control group away that all daemons with
/// embedded defaults have above their containers, unless another one uses it.
fn terminate(host: &Arc<Host>, pid: &str) {
    let number = pid.trim().parse().ok().and_then(Pid::from_raw).expect("the file holds a process id");
    kill_process(number, Signal::TERM).expect("the daemon runs");
    eventually("the daemon's end", || {
        let there = host.run(&["ls", "/run/gantry/gantry.pid"]).code == 0;
        (!there && !Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
    host.run(&["sh", "-c", "rmdir /sys/fs/cgroup/gantry /sys/fs/cgroup/*/gantry"]);
}
