//! Podman.

use std::process::Command;

use crate::lab::{Lab, on_terminal, output, remove_groups};

#[test]
fn podman_runs_its_containers_by_our_runtime() {
    let lab = Lab::new();
    let own = format!(
        "--root {} --runroot {} --tmpdir {} --cgroup-manager cgroupfs --storage-driver vfs --events-backend none --runtime {}",
        lab.text("root"),
        lab.text("run"),
        lab.text("tmp"),
        lab.text("gantry-runc")
    );
    let podman = |words: &[&str]| {
        let mut command = Command::new("podman");
        command.args(own.split(' ')).args(words);
        command
    };
    let group = format!("gantry-podman-{}", std::process::id());
    let _left = Left(own.clone(), group.clone());
    output(&mut podman(&["import", &lab.archive(), "box"]));
    // Podman asks for more than a machine without CAP_SYS_RESOURCE has.
    let plain = [
        "--cgroup-parent",
        &format!("/{group}"),
        "--network",
        "none",
        "--ulimit",
        "nofile=1024:1024",
        "--ulimit",
        "nproc=1000:1000",
    ];
    let run = |before: &[&str], after: &[&str]| podman(&[&["run"], before, &plain, after].concat());
    let done = run(&["--rm", "--memory", "64m", "--pids-limit", "50"], &["box", "sh", "-c", "id -u; exit 7"]);
    let done = { done }.output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8_lossy(&done.stdout).as_ref()), (Some(7), "0\n"), "{done:?}");
    output(&mut run(&["--rm", "--read-only"], &["box", "sh", "-c", "echo > /tmp/x && ! echo > /x"]));
    output(&mut run(&["--detach", "--name", "a"], &["box", "sleep", "1000"]));
    assert_eq!(output(&mut podman(&["exec", "a", "sh", "-c", "echo in"])), "in\n");
    assert_eq!(on_terminal(&format!("podman {own} exec -it a sh -c 'tty'")), "/dev/pts/0\n");
    assert!(output(&mut podman(&["stats", "--no-stream", "--format", "{{.PIDs}}", "a"])).starts_with('1'));
    output(&mut podman(&["pause", "a"]));
    output(&mut podman(&["unpause", "a"]));
    assert!(output(&mut podman(&["top", "a"])).contains("sleep 1000"));
    output(&mut podman(&["kill", "a"]));
    assert_eq!(output(&mut podman(&["wait", "a"])), "137\n");
    output(&mut podman(&["rm", "--force", "a"]));
    let refused = { run(&["--rm"], &["box", "nothing"]) }.output().unwrap();
    assert_eq!(refused.status.code(), Some(127), "{refused:?}");
    let line = format!("podman {own} run -it --rm {} box sh -c 'tty'", plain.join(" "));
    // Podman loses the output of a short-lived program now and then, by any runtime.
    assert!((0..5).any(|_| on_terminal(&line) == "/dev/pts/0\n"));
}

/// What Podman leaves behind, and after a failure its containers.
struct Left(String, String);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = Command::new("podman").args(self.0.split(' ')).args(["rm", "--force", "--all"]).output();
        remove_groups(&self.1);
    }
}
