//! Containers written to files and made again by criu, which must know the kernel.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{ChildStdout, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::{Done, Lab};
use crate::streams::receive_terminal;

const COUNT: &str = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.05; done";

/// Files outside of a container are nothing that could be made again: its streams lead nowhere.
fn quiet(lab: &Lab, words: &[&str]) -> Done {
    let output = lab.command(words).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    Done { code: output.code().unwrap_or(-1), out: String::new(), err: String::new() }
}

fn start(lab: &Lab, name: &str, spec: Value) {
    let bundle = lab.bundle(name, spec);
    quiet(lab, &["run", "--detach", "--bundle", bundle.to_str().unwrap(), name]).ok();
}

fn checkpoint(lab: &Lab, flags: &[&str], name: &str) -> Done {
    let image = lab.path("image");
    let done = lab.call(&[&["checkpoint", "--image-path", image.to_str().unwrap()], flags, &[name]].concat());
    if done.code != 0 {
        println!("{}", end_of(&image.join("dump.log")));
    }
    done
}

fn restore_words<'a>(bundle: &'a str, image: &'a str, flags: &[&'a str], name: &'a str) -> Vec<&'a str> {
    [&["restore", "--bundle", bundle, "--image-path", image], flags, &[name]].concat()
}

fn restore(lab: &Lab, bundle: &str, flags: &[&str], name: &str) -> Done {
    let (bundle, image) = (lab.path(bundle), lab.path("image"));
    let done = quiet(lab, &restore_words(bundle.to_str().unwrap(), image.to_str().unwrap(), flags, name));
    if done.code != 0 {
        panic!("{}", end_of(&image.join("restore.log")));
    }
    done
}

/// The last lines of criu's log.
fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

fn count(lab: &Lab, name: &str) -> u64 {
    std::thread::sleep(Duration::from_millis(300));
    let text = lab.call(&["exec", name, "cat", "/tmp/count"]).ok();
    text.trim().parse().unwrap_or_else(|_| count(lab, name))
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn a_container_goes_on_where_it_was() {
    let lab = Lab::new();
    let mut spec = lab.spec(COUNT);
    fs::create_dir(lab.path("data")).unwrap();
    fs::write(lab.path("data/file"), "outside").unwrap();
    let data = json!({ "destination": "/etc", "source": lab.path("data"), "type": "bind", "options": ["bind", "ro"] });
    spec["mounts"].as_array_mut().unwrap().push(data);
    spec["linux"]["resources"] = json!({ "memory": { "limit": 64 << 20 }, "pids": { "limit": 20 } });
    start(&lab, "a", spec);
    let before = count(&lab, "a");
    checkpoint(&lab, &[], "a").ok();
    lab.is_clean();
    restore(&lab, "a", &["--detach", "--pid-file", lab.path("pid").to_str().unwrap()], "b");
    assert!(count(&lab, "b") > before);
    let state: Value = serde_json::from_str(&lab.call(&["state", "b"]).ok()).unwrap();
    assert_eq!((state["status"].as_str(), &state["rootfs"]), (Some("running"), &json!(lab.path("rootfs"))));
    assert_eq!(fs::read_to_string(lab.path("pid")).unwrap(), state["pid"].to_string());
    assert_eq!(lab.call(&["exec", "b", "cat", "/etc/file"]).ok(), "outside");
    assert!(lab.call(&["exec", "b", "sh", "-c", "echo x > /etc/file"]).code != 0);
    let event: Value = serde_json::from_str(&lab.call(&["events", "--stats", "b"]).ok()).unwrap();
    assert_eq!(event["data"]["memory"]["usage"]["limit"], json!(64 << 20));
    // Once more, while it is paused.
    lab.call(&["pause", "b"]).ok();
    fs::remove_dir_all(lab.path("image")).unwrap();
    checkpoint(&lab, &[], "b").ok();
    restore(&lab, "a", &["--detach"], "c");
    assert!(count(&lab, "c") > before);
    lab.call(&["delete", "--force", "c"]).ok();
    lab.is_clean();
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn one_that_is_left_running_can_be_written_again_and_again() {
    let lab = Lab::new();
    start(&lab, "a", lab.spec(COUNT));
    let first = lab.path("first");
    lab.call(&["checkpoint", "--pre-dump", "--image-path", first.to_str().unwrap(), "a"]).ok();
    assert_eq!(lab.status("a"), "running");
    checkpoint(&lab, &["--leave-running", "--parent-path", "../first"], "a").ok();
    let before = count(&lab, "a");
    lab.call(&["delete", "--force", "a"]).ok();
    restore(&lab, "a", &["--detach"], "a");
    assert!(count(&lab, "a") > 0 && before > 0);
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn files_of_runc_s_are_taken_and_ours_are_by_runc() {
    let (ours, theirs) = (Lab::new(), Lab::original());
    let bundle = ours.bundle("a", ours.spec(COUNT));
    let (bundle, image) = (bundle.to_str().unwrap(), ours.path("image"));
    let image = image.to_str().unwrap();
    quiet(&theirs, &["run", "--detach", "--bundle", bundle, "a"]).ok();
    let first = count(&theirs, "a");
    theirs.call(&["checkpoint", "--image-path", image, "a"]).ok();
    restore(&ours, "a", &["--detach"], "a");
    let second = count(&ours, "a");
    fs::remove_dir_all(image).unwrap();
    checkpoint(&ours, &[], "a").ok();
    ours.is_clean();
    quiet(&theirs, &restore_words(bundle, image, &["--detach"], "a")).ok();
    let third = count(&theirs, "a");
    assert!(first < second && second < third, "{first} {second} {third}");
    theirs.call(&["delete", "--force", "a"]).ok();
    // runc leaves the unified one of a host with both versions.
    ours.groups().iter().for_each(|group| fs::remove_dir(group).unwrap());
}

fn lines(output: ChildStdout) -> impl Iterator<Item = u64> {
    BufReader::new(output).lines().map(|line| line.unwrap().parse().unwrap())
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn pipes_are_those_of_the_new_caller_and_the_end_is_told() {
    let lab = Lab::new();
    let bundle =
        lab.bundle("a", lab.spec("trap 'exit 3' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done"));
    let bundle = bundle.to_str().unwrap();
    let mut run = lab.command(&["run", "--bundle", bundle, "a"]);
    let mut run = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let before = lines(run.stdout.take().unwrap()).take(5).last().unwrap();
    checkpoint(&lab, &[], "a").ok();
    run.wait().unwrap();
    let image = lab.path("image");
    let mut again = lab.command(&restore_words(bundle, image.to_str().unwrap(), &[], "a"));
    let mut again = again.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = lines(again.stdout.take().unwrap());
    assert!(lines.next().unwrap() > before);
    lab.call(&["kill", "a", "TERM"]).ok();
    lines.for_each(drop);
    assert_eq!(again.wait().unwrap().code(), Some(3));
    lab.is_clean();
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn a_terminal_is_made_anew_and_handed_over() {
    let lab = Lab::new();
    let mut spec = lab.spec("while :; do sleep 0.05; echo tick; done");
    spec["process"]["terminal"] = json!(true);
    let bundle = lab.bundle("a", spec);
    let socket = lab.path("console");
    let listener = UnixListener::bind(&socket).unwrap();
    let words =
        ["run", "--detach", "--console-socket", socket.to_str().unwrap(), "--bundle", bundle.to_str().unwrap(), "a"];
    quiet(&lab, &words).ok();
    let mut master = fs::File::from(receive_terminal(&listener));
    let mut heard = [0; 4];
    master.read_exact(&mut heard).unwrap();
    checkpoint(&lab, &[], "a").ok();
    restore(&lab, "a", &["--detach", "--console-socket", socket.to_str().unwrap()], "a");
    let mut master = fs::File::from(receive_terminal(&listener));
    master.read_exact(&mut heard).unwrap();
    assert!("tick\r\ntick".contains(std::str::from_utf8(&heard).unwrap()), "{heard:?}");
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn what_cannot_be_done_is_told_and_leaves_the_container_or_nothing() {
    let lab = Lab::new();
    // A file outside of the container, as the standard output of the runtime is here.
    let bundle = lab.bundle("a", lab.spec(COUNT));
    lab.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    let error = checkpoint(&lab, &[], "a").refused();
    assert!(error.starts_with("checkpoint failed: criu failed: (criu/") && error.contains("dump.log"), "{error}");
    assert_eq!(lab.status("a"), "running");
    lab.call(&["delete", "--force", "a"]).ok();
    // Files that are none, and files that are not all there.
    let image = lab.path("image");
    for break_it in [fs::remove_dir_all as fn(_) -> _, |image| fs::remove_file(Path::join(image, "pstree.img"))] {
        start(&lab, "b", lab.spec(COUNT));
        let _ = fs::remove_dir_all(&image);
        checkpoint(&lab, &[], "b").ok();
        break_it(image.as_path()).unwrap();
        fs::create_dir_all(&image).unwrap();
        let done = lab.call(&restore_words(bundle.to_str().unwrap(), image.to_str().unwrap(), &["--detach"], "c"));
        let error = done.refused();
        assert!(error.starts_with("restore failed: "), "{error}");
        lab.is_clean();
    }
}

#[test]
#[ignore = "needs a criu that knows the kernel: cargo xtask vm runc"]
fn a_restore_that_is_killed_leaves_what_can_be_deleted() {
    let lab = Lab::new();
    start(&lab, "a", lab.spec(COUNT));
    checkpoint(&lab, &[], "a").ok();
    let (bundle, image) = (lab.path("a"), lab.path("image"));
    let words = restore_words(bundle.to_str().unwrap(), image.to_str().unwrap(), &["--detach"], "a");
    for step in 0..15 {
        let mut command = lab.command(&words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(12 * step));
        let _ = child.kill();
        child.wait().unwrap();
        lab.call(&["delete", "--force", "a"]).ok();
        lab.is_clean();
        assert!(lab.path("rootfs/bin/busybox").exists());
    }
}

/// The way back to the host's mounts needs CAP_SYS_CHROOT, the way from there does not: setns(2), unshare(2).
#[test]
fn a_restore_that_cannot_return_to_the_host_s_mounts_leaves_the_root_file_system() {
    let lab = Lab::new();
    let (bundle, image) = (lab.bundle("a", lab.spec(COUNT)), lab.path("image"));
    fs::create_dir(&image).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--bounding-set", "-sys_chroot", "--inh-caps", "-all", "--"]).arg(&lab.program);
    command.arg("--root").arg(lab.path("state")).args(["--criu", "/bin/true"]);
    command.args(restore_words(bundle.to_str().unwrap(), image.to_str().unwrap(), &["--detach"], "a"));
    let error = lab.finish(&mut command).refused();
    assert!(error.contains("return to the host's mount namespace"), "{error}");
    assert!(lab.path("rootfs/bin/busybox").exists());
    lab.is_clean();
}

#[test]
fn words_and_states_that_cannot_be_are_refused_without_criu() {
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("sleep 1000"));
    let bundle = bundle.to_str().unwrap();
    lab.call(&["create", "--bundle", bundle, "a"]).ok();
    assert_eq!(checkpoint(&lab, &[], "a").refused(), "Container cannot be checkpointed in created state");
    lab.call(&["start", "a"]).ok();
    assert_eq!(checkpoint(&lab, &[], "b").refused(), "container does not exist");
    let image = lab.path("image").display().to_string();
    let absent = ["--criu", "/no/such", "checkpoint", "--image-path", &image, "a"];
    assert!(lab.call(&absent).refused().contains("the program `/no/such` is not there"));
    assert!(!lab.path("image").exists());
    let missing = ["restore", "--bundle", bundle, "--image-path", &image, "--detach", "c"];
    assert!(lab.call(&missing).refused().starts_with("open the checkpoint's folder"));
    fs::create_dir(lab.path("image")).unwrap();
    let absent = [&["--criu", "/no/such"][..], &missing].concat();
    assert!(lab.call(&absent).refused().contains("install the package criu"));
    for (flags, word) in [
        (["--manage-cgroups-mode", "nonsense"], "nonsense"),
        (["--empty-ns", "uts"], "uts"),
        (["--page-server", "nowhere"], "ADDRESS:PORT"),
        (["--parent-path", "/absolute"], "relative"),
        (["--parent-path", "../none"], "none"),
        (["--status-fd", "x"], "status-fd"),
    ] {
        // Any program will do: it is not come to.
        let words = [&["--criu", "/bin/true", "checkpoint", "--image-path", &image], &flags[..], &["a"]].concat();
        let error = lab.call(&words).refused();
        assert!(error.contains(word), "{error}");
    }
    let other = ["--criu", "/bin/true", "checkpoint", "--image-path", &image, "a"];
    assert!(lab.call(&other).refused().contains("criu"));
    assert_eq!(lab.status("a"), "running");
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}
