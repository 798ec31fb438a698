//! containerd by `ctr`.

use std::fs;
use std::process::Command;

use crate::lab::{Lab, Server, on_terminal, output, remove_groups, until};

#[test]
fn containerd_runs_its_containers_by_our_runtime() {
    let lab = Lab::new();
    let (socket, runtime, root) = (lab.text("sock"), lab.text("gantry-runc"), lab.text("rootfs"));
    // The name of the folder of the runtime's state, and of the control groups.
    let namespace = format!("gantry-{}", std::process::id());
    let _left = Left(namespace.clone());
    let config = format!(
        "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = {socket:?}\n",
        lab.text("root"),
        lab.text("state")
    );
    fs::write(lab.path("config.toml"), config).unwrap();
    let _daemon = Server::start(Command::new("containerd").args(["--config", &lab.text("config.toml")]));
    let ctr = |words: &[&str]| {
        let mut command = Command::new("ctr");
        command.args(["--address", &socket, "--namespace", &namespace]).args(words);
        command
    };
    until(|| ctr(&["version"]));
    let own = ["--runc-binary", &runtime, "--env", "PATH=/bin", "--rootfs", &root];
    let run = |before: &[&str], after: &[&str]| ctr(&[&["run"], before, &own, after].concat());
    let limited = output(&mut run(&["--rm", "--memory-limit", "67108864"], &["a", "/bin/sh", "-c", "echo out; id -u"]));
    assert_eq!(limited, "out\n0\n");
    output(&mut run(&["--detach"], &["b", "/bin/sleep", "1000"]));
    assert!(output(&mut ctr(&["tasks", "ls"])).contains("RUNNING"));
    let exec = ["tasks", "exec", "--exec-id", "1", "b", "/bin/sh", "-c", "echo in; exit 0"];
    assert_eq!(output(&mut ctr(&exec)), "in\n");
    let line = format!(
        "ctr --address {socket} --namespace {namespace} tasks exec --tty --exec-id 2 b /bin/sh -c '/bin/busybox tty'"
    );
    // It may have ended when its terminal is to be resized, of which ctr tells.
    assert!(on_terminal(&line).starts_with("/dev/pts/0\n"));
    assert!(output(&mut ctr(&["tasks", "metrics", "b"])).contains("memory"));
    output(&mut ctr(&["tasks", "pause", "b"]));
    assert!(output(&mut ctr(&["tasks", "ls"])).contains("PAUSED"));
    output(&mut ctr(&["tasks", "resume", "b"]));
    output(&mut ctr(&["tasks", "kill", "--signal", "KILL", "b"]));
    testkit::eventually("the task ends", || output(&mut ctr(&["tasks", "ls"])).contains("STOPPED").then_some(()));
    let deleted = ctr(&["tasks", "delete", "b"]).output().unwrap();
    assert!(String::from_utf8_lossy(&deleted.stderr).contains("exit code 137"), "{deleted:?}");
    output(&mut ctr(&["containers", "rm", "b"]));
    let line = format!(
        "ctr --address {socket} --namespace {namespace} run --rm --tty {} c /bin/sh -c '/bin/busybox tty'",
        own.join(" ")
    );
    assert!(on_terminal(&line).contains("/dev/pts/0\n"));
}

/// What containerd leaves behind of a namespace, and after a failure its containers.
struct Left(String);

impl Drop for Left {
    fn drop(&mut self) {
        remove_groups(&self.0);
        let _ = fs::remove_dir_all(format!("/run/containerd/runc/{}", self.0));
    }
}
