//! The Docker daemon.

use std::process::Command;

use crate::lab::{Lab, Server, on_terminal, output, remove_groups, until};

#[test]
fn docker_runs_its_containers_by_our_runtime() {
    let lab = Lab::new();
    let socket = format!("unix://{}", lab.text("docker.sock"));
    let mut daemon = Command::new("dockerd");
    daemon.args(["--data-root", &lab.text("data"), "--exec-root", &lab.text("exec"), "--pidfile", &lab.text("pid")]);
    daemon.args(["--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs"]);
    daemon.args(["--add-runtime", &format!("gantry={}", lab.text("gantry-runc")), "--default-runtime", "gantry"]);
    // Whatever started the host.
    daemon.args(["--exec-opt", "native.cgroupdriver=cgroupfs"]);
    let group = format!("gantry-docker-{}", std::process::id());
    daemon.args(["--cgroup-parent", &format!("/{group}"), "--host", &socket]);
    let _daemon = Server::start(&mut daemon);
    let docker = |words: &[&str]| {
        let mut command = Command::new("docker");
        command.args(["--host", &socket]).args(words);
        command
    };
    until(|| docker(&["version"]));
    output(&mut docker(&["import", &lab.archive(), "box"]));
    let limits = ["run", "--rm", "--network", "none", "--memory", "64m", "--pids-limit", "50", "--cpus", "0.5", "box"];
    let script = "id -u; grep NoNewPrivs /proc/self/status; ulimit -p >/dev/null; exit 7";
    let done = docker(&[&limits[..], &["sh", "-c", script]].concat()).output().unwrap();
    assert_eq!(done.status.code(), Some(7), "{done:?}");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "0\nNoNewPrivs:\t0\n");

    let id = output(&mut docker(&[
        "run",
        "-d",
        "--name",
        "aa",
        "--memory",
        "64m",
        "--network",
        "none",
        "box",
        "sleep",
        "1000",
    ]));
    let runtime =
        output(&mut docker(&["inspect", "--format", "{{.HostConfig.Runtime}} {{.State.Running}}", id.trim()]));
    assert_eq!(runtime, "gantry true\n");
    assert_eq!(output(&mut docker(&["exec", "aa", "sh", "-c", "echo in; id -u"])), "in\n0\n");
    let terminal = on_terminal(&format!("docker --host {socket} exec -it aa sh -c 'tty; test -t 1 && echo terminal'"));
    assert_eq!(terminal, "/dev/pts/0\nterminal\n");
    let stats = output(&mut docker(&["stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", "aa"]));
    assert!(stats.trim().ends_with("/ 64MiB 1"), "{stats}");
    assert!(output(&mut docker(&["top", "aa"])).contains("sleep 1000"));
    output(&mut docker(&["pause", "aa"]));
    output(&mut docker(&["unpause", "aa"]));
    output(&mut docker(&["update", "--memory", "32m", "--memory-swap", "64m", "aa"]));
    output(&mut docker(&["kill", "aa"]));
    assert_eq!(output(&mut docker(&["wait", "aa"])), "137\n");
    output(&mut docker(&["rm", "aa"]));

    let refused = docker(&["run", "--rm", "--network", "none", "box", "nothing"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("exec: \"nothing\": executable file not found in $PATH"));
    let terminal = on_terminal(&format!("docker --host {socket} run -it --rm --network none box sh -c 'tty; exit 0'"));
    assert_eq!(terminal, "/dev/pts/0\n");
    remove_groups(&group);
}
