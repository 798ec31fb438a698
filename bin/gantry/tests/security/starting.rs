//! Each step of a start fails in turn: one clear error, Docker's exit code, and the host as it was.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;
use testkit::{Daemon, Host};

use crate::archives::Tar;
use crate::bench::{Bench, GANTRY, enter};

/// Options, image and command of a container that cannot start, the exit code of `run`, and words of its error. Docker's
/// client makes 127 of every error that says "no such file or directory", whatever is missing.
type Case = (&'static [&'static str], &'static str, &'static [&'static str], i32, &'static str);

const CASES: &[Case] = &[
    (&[], "busybox", &["/no/such"], 127, "no such file or directory"),
    (&[], "busybox", &["nosuch"], 127, "executable file not found in $PATH"),
    (&[], "busybox", &["/etc/passwd"], 126, "permission denied"),
    (&[], "busybox", &["/etc"], 126, ""),
    (&[], "broken", &["/text"], 125, "exec format error"),
    (&[], "broken", &["/script"], 127, "no such file or directory"),
    (&["--init"], "busybox", &["/no/such"], 127, ""),
    (&["--entrypoint", "/no/such"], "busybox", &[], 127, "no such file or directory"),
    (&["-u", "nosuch"], "busybox", &["true"], 125, "unable to find user nosuch"),
    (&["-u", "0:nosuch"], "busybox", &["true"], 125, "unable to find group nosuch"),
    (&["-u", "99999999999"], "busybox", &["true"], 125, ""),
    (&["--group-add", "nosuch"], "busybox", &["true"], 125, "nosuch"),
    (&["-w", "/etc/passwd"], "busybox", &["true"], 125, "not a directory"),
    (&["-w", "/etc/passwd/x"], "busybox", &["true"], 125, "not a directory"),
    (&["--mount", "type=bind,source=/no/such,target=/x"], "busybox", &["true"], 125, "bind source path does not exist"),
    (&["-v", "/etc/passwd:/etc"], "busybox", &["true"], 125, ""),
    (&["-v", "/tmp:/etc/passwd"], "busybox", &["true"], 125, ""),
    (&["-v", "/tmp:/proc/x"], "busybox", &["true"], 127, "/proc"),
    (&["--device", "/no/such"], "busybox", &["true"], 127, "/no/such"),
    (&["--security-opt", "seccomp=/no/such"], "busybox", &["true"], 125, "/no/such"),
    (&["--sysctl", "net.no.such=1"], "busybox", &["true"], 127, "net"),
    (&["--cpuset-cpus", "4000"], "busybox", &["true"], 125, ""),
    (&["--ulimit", "nofile=3:1099511627776"], "busybox", &["true"], 125, "RLIMIT_NOFILE"),
    (&["-p", "192.0.2.1:80:80"], "busybox", &["true"], 125, "cannot assign requested address"),
    (&["--network", "nosuch"], "busybox", &["true"], 125, "network nosuch not found"),
    (
        &["--hostname", "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"],
        "busybox",
        &["true"],
        125,
        "hostname",
    ),
    (&[], "notty", &["true"], 125, ""),
    (&[], "badproc", &["true"], 125, "/proc"),
];

#[test]
fn whatever_step_fails_nothing_is_left_and_the_reason_is_told() {
    let bench = Bench::start();
    let tar = Tar::new().file("text", 0o755, b"not a program\n").file("script", 0o755, b"#!/no/such\n");
    bench.add("broken", tar, json!({}));
    bench.add("badproc", Tar::new().symlink("proc", "/tmp"), json!({}));
    bench.add("notty", Tar::new().file("dev", 0o644, b""), json!({}));
    let mut wrong = Vec::new();
    for (options, image, command, code, words) in CASES {
        let before = testkit::LeakCheck::before(&bench.daemon);
        let output = bench.gantry.run(&[&["run", "--rm"], *options, &[image], *command].concat());
        if output.code != *code || !output.stderr.contains(words) || output.stderr.len() < 20 {
            wrong.push(format!(
                "{options:?} {image} {command:?}: {} not {code}, {words:?}: {}",
                output.code, output.stderr
            ));
        }
        before.assert_clean(&bench.daemon);
        assert_eq!(bench.gantry.ok(&["ps", "-aq"]), "", "{options:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    bench.finish();
}

#[test]
fn a_created_container_that_cannot_start_stays_created_and_can_be_mended() {
    let bench = Bench::start();
    let taken = TcpListener::bind("0.0.0.0:8090").unwrap();
    let id = bench.gantry.ok(&["create", "-p", "8090:80", "busybox", "true"]);
    for client in [&bench.gantry, &bench.docker] {
        assert!(client.fails(1, &["start", &id]).contains("address already in use"));
    }
    let state = bench.gantry.ok(&["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}", &id]);
    assert_eq!(state, "created 128 0");
    assert!(bench.gantry.ok(&["inspect", "--format", "{{.State.Error}}", &id]).contains("address already in use"));
    drop(taken);
    bench.gantry.ok(&["start", &id]);
    assert_eq!(bench.gantry.ok(&["wait", &id]), "0");
    assert_eq!(bench.gantry.ok(&["inspect", "--format", "{{.State.Error}}", &id]), "");
    bench.finish();
}

#[test]
fn execs_that_cannot_start_have_docker_s_codes_and_hurt_nothing() {
    let bench = Bench::start();
    let id = bench.sleeper(&[]);
    for (args, code) in [
        (&["/no/such"][..], 127),
        (&["nosuch"], 127),
        (&["/etc/passwd"], 126),
        (&["/etc"], 126),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -9 $$"], 137),
    ] {
        for client in [&bench.gantry, &bench.docker] {
            let output = client.run(&[&["exec", &id], args].concat());
            assert_eq!(output.code, code, "{args:?}: {output:?}");
        }
    }
    for options in [&["-u", "nosuch"][..], &["-w", "/etc/passwd"], &["-u", "0:nosuch"]] {
        let output = bench.gantry.run(&[&["exec"], options, &[&id, "true"]].concat());
        assert!(output.code != 0 && !(output.stdout + &output.stderr).is_empty(), "{options:?}");
    }
    assert_eq!(bench.gantry.fails(1, &["exec", "nosuch", "true"]).lines().count(), 1);
    assert_eq!(bench.gantry.ok(&["exec", &id, "echo", "well"]), "well");
    bench.gantry.ok(&["rm", "-f", &id]);
    bench.finish();
}

#[test]
fn a_layer_that_is_gone_from_the_disk_is_named() {
    let bench = Bench::start();
    bench.add("gone", Tar::new().file("gone", 0o644, b"x"), json!({}));
    let before = testkit::LeakCheck::before(&bench.daemon);
    let layer = find(&bench.daemon.data_root().join("layers"), "gone").expect("the layer's folder");
    let away = bench.daemon.data_root().parent().unwrap().join("away");
    fs::rename(&layer, &away).unwrap();
    let output = bench.gantry.run(&["run", "--rm", "gone", "true"]);
    assert_eq!(output.code, 125, "{output:?}");
    assert!(output.stderr.contains("layers"), "{output:?}");
    fs::rename(&away, &layer).unwrap();
    before.assert_clean(&bench.daemon);
    bench.gantry.ok(&["run", "--rm", "gone", "true"]);
    bench.finish();
}

/// The folder of the layer that has this file at its top.
fn find(folder: &Path, file: &str) -> Option<std::path::PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut folders = entries.filter(|path| path.is_dir());
    folders.find_map(|path| if path.join(file).exists() { Some(path) } else { find(&path, file) })
}

#[test]
fn control_groups_that_cannot_be_made_are_told() {
    let host = Host::new();
    enter(&host);
    // In this host nobody can make a group of processes.
    let bench = Bench::with(Daemon::start_with(&host, GANTRY, &[]));
    let root = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
        .into_iter()
        .find(|path| Path::new(path).join("cgroup.procs").exists());
    host.ok(&["mount", "--bind", "-o", "ro", root.unwrap(), root.unwrap()]);
    host.ok(&["mount", "-o", "remount,bind,ro", root.unwrap()]);
    let output = bench.gantry.run(&["run", "--rm", "busybox", "true"]);
    assert_eq!(output.code, 125, "{output:?}");
    assert!(
        output.stderr.contains("Read-only file system") || output.stderr.contains("read-only file system"),
        "{output:?}"
    );
    host.ok(&["umount", root.unwrap()]);
    bench.gantry.ok(&["run", "--rm", "busybox", "true"]);
    bench.finish();
}

#[test]
fn a_log_that_cannot_be_written_is_told_at_the_start() {
    let bench = Bench::start();
    let id = bench.gantry.ok(&["create", "busybox", "true"]);
    let log = bench.daemon.data_root().join("containers").join(&id).join(format!("{id}-json.log"));
    fs::create_dir_all(&log).unwrap();
    let message = bench.gantry.fails(1, &["start", &id]);
    assert!(message.contains("json.log"), "{message}");
    fs::remove_dir(&log).unwrap();
    bench.gantry.ok(&["start", &id]);
    bench.finish();
}
