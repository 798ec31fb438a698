//! A container's life, in steps by different processes.

use std::fs;

use serde_json::{Value, json};

use crate::lab::Lab;

#[test]
fn a_container_is_created_started_killed_and_deleted() {
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("echo started > /tmp/x; sleep 100"));
    let (bundle, pid_file) = (bundle.to_str().unwrap(), lab.path("pid"));
    lab.call(&["create", "--bundle", bundle, "--pid-file", pid_file.to_str().unwrap(), "a"]).ok();
    let state: Value = serde_json::from_str(&lab.call(&["state", "a"]).ok()).unwrap();
    assert_eq!((&state["id"], &state["status"], &state["bundle"]), (&json!("a"), &json!("created"), &json!(bundle)));
    assert_eq!(fs::read_to_string(&pid_file).unwrap(), state["pid"].to_string());
    assert_eq!(state["rootfs"], json!(lab.path("rootfs")));
    lab.call(&["start", "a"]).ok();
    assert_eq!(lab.status("a"), "running");
    assert_eq!(lab.call(&["start", "a"]).refused(), "cannot start an already running container");
    assert!(lab.call(&["delete", "a"]).refused().contains("not stopped: running"));
    lab.call(&["kill", "a", "KILL"]).ok();
    lab.wait("a", "stopped");
    assert_eq!(lab.call(&["kill", "a"]).refused(), "container not running");
    lab.call(&["delete", "a"]).ok();
    assert_eq!(lab.call(&["state", "a"]).refused(), "container does not exist");
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
fn a_run_in_the_foreground_gives_the_program_s_end_and_leaves_nothing() {
    let lab = Lab::new();
    let done = lab.run("a", lab.spec("echo out; echo err >&2; exit 7"));
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (7, "out\n", "err\n"));
    assert_eq!(lab.run("b", lab.spec("kill -9 $$")).code, 0, "PID 1 is not killed by itself");
    lab.is_clean();
    let bundle = lab.bundle("c", lab.spec("exit 3"));
    assert_eq!(lab.call(&["run", "--keep", "-b", bundle.to_str().unwrap(), "c"]).code, 3);
    assert_eq!(lab.status("c"), "stopped");
    lab.call(&["delete", "c"]).ok();
    lab.is_clean();
}

#[test]
fn containers_are_listed_with_their_processes() {
    let lab = Lab::new();
    assert_eq!(lab.call(&["list", "-q"]).ok(), "");
    let bundle = lab.sleeping("one");
    lab.sleeping("two");
    assert_eq!(lab.call(&["list", "--quiet"]).ok(), "one\ntwo\n");
    let list: Value = serde_json::from_str(&lab.call(&["list", "--format", "json"]).ok()).unwrap();
    assert_eq!((&list[0]["id"], &list[0]["bundle"]), (&json!("one"), &json!(bundle)));
    assert_eq!((&list[1]["status"], &list[1]["owner"]), (&json!("running"), &json!("root")));
    let pids: Vec<i32> = serde_json::from_str(&lab.call(&["ps", "--format", "json", "one"]).ok()).unwrap();
    assert!(pids.contains(&(list[0]["pid"].as_i64().unwrap() as i32)), "{pids:?}");
    assert!(lab.call(&["ps", "one", "-o", "pid,args"]).ok().contains("sh -c trap"));
    for name in ["one", "two"] {
        lab.call(&["delete", "--force", name]).ok();
    }
    lab.is_clean();
}

#[test]
fn a_container_is_paused_changed_and_measured() {
    let lab = Lab::new();
    lab.sleeping("a");
    lab.call(&["pause", "a"]).ok();
    assert_eq!(lab.status("a"), "paused");
    assert!(lab.call(&["exec", "a", "true"]).refused().contains("paused container"));
    lab.call(&["resume", "a"]).ok();
    assert_eq!(lab.status("a"), "running");
    lab.call(&["update", "--memory", "64M", "--pids-limit", "50", "a"]).ok();
    let event: Value = serde_json::from_str(&lab.call(&["events", "--stats", "a"]).ok()).unwrap();
    assert_eq!((&event["type"], &event["id"]), (&json!("stats"), &json!("a")));
    assert_eq!(
        (&event["data"]["memory"]["usage"]["limit"], &event["data"]["pids"]["limit"]),
        (&json!(64 << 20), &json!(50))
    );
    let resources = lab.path("resources");
    fs::write(&resources, json!({ "pids": { "limit": 60 } }).to_string()).unwrap();
    lab.call(&["update", "--resources", resources.to_str().unwrap(), "a"]).ok();
    let event: Value = serde_json::from_str(&lab.call(&["events", "--stats", "a"]).ok()).unwrap();
    assert_eq!(event["data"]["pids"]["limit"], json!(60));
    assert!(lab.call(&["update", "--memory", "much", "a"]).refused().contains("much"));
    lab.call(&["kill", "a", "TERM"]).ok();
    lab.wait("a", "stopped");
    lab.call(&["delete", "a"]).ok();
    lab.is_clean();
}

#[test]
fn half_a_mebibyte_is_enough_to_start() {
    let lab = Lab::new();
    let mut spec = lab.spec("");
    spec["process"]["args"] = json!(["true"]);
    spec["linux"]["resources"] = json!({ "memory": { "limit": 512 << 10 } });
    assert_eq!(lab.run("a", spec.clone()).ok(), "");
    let bundle = lab.bundle("b", spec);
    lab.call(&["create", "--bundle", bundle.to_str().unwrap(), "b"]).ok();
    lab.call(&["start", "b"]).ok();
    lab.wait("b", "stopped");
    lab.call(&["delete", "b"]).ok();
    lab.is_clean();
}

#[test]
fn a_paused_container_is_deleted_by_force() {
    let lab = Lab::new();
    lab.sleeping("a");
    lab.call(&["pause", "a"]).ok();
    lab.call(&["delete", "--force", "a"]).ok();
    lab.is_clean();
}

#[test]
fn hooks_of_all_kinds_run_in_their_order_with_the_state() {
    let lab = Lab::new();
    let log = lab.path("log");
    let mut spec = lab.spec("echo program >> /log/log");
    spec["mounts"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "destination": "/log", "source": log, "type": "bind", "options": ["bind", "rw"] }));
    fs::create_dir(&log).unwrap();
    let hook = |folder: &str, name: &str| {
        let script = format!("echo {name} $(sed 's/.*\"status\":\"\\([a-z]*\\)\".*/\\1/') >> {folder}/log");
        json!({ "path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"] })
    };
    let host = log.to_str().unwrap();
    spec["hooks"] = json!({
        "prestart": [hook(host, "prestart")], "createRuntime": [hook(host, "createRuntime")],
        "createContainer": [hook(host, "createContainer")], "poststart": [hook(host, "poststart")],
        "poststop": [hook(host, "poststop")],
    });
    assert_eq!(lab.run("a", spec).code, 0);
    let told = fs::read_to_string(log.join("log")).unwrap();
    let mut lines: Vec<&str> = told.lines().collect();
    // The program and the hook after its start run side by side.
    lines[3..5].sort_unstable();
    let expect =
        ["prestart creating", "createRuntime creating", "createContainer creating", "poststart running", "program"];
    assert_eq!(lines, [expect.as_slice(), &["poststop stopped"]].concat());
    lab.is_clean();
}

#[test]
fn a_specification_can_be_written_and_run() {
    let lab = Lab::new();
    let mut spec = lab.written_spec();
    let again = lab.finish(lab.command(&["spec"]).current_dir(lab.path("spec")));
    assert!(again.refused().contains("config.json"));
    spec["process"]["args"] = json!(["sh", "-c", "ls /proc/1/exe; id"]);
    let done = lab.run("a", spec);
    assert!(done.out.contains("uid=0"), "{done:?}");
    lab.is_clean();
}

#[test]
fn features_tell_what_is_there() {
    let features: Value = serde_json::from_str(&Lab::new().call(&["features"]).ok()).unwrap();
    let has = |list: &Value, name: &str| list.as_array().is_some_and(|list| list.contains(&json!(name)));
    assert!(has(&features["hooks"], "createContainer") && has(&features["mountOptions"], "rro"), "{features}");
    assert!(has(&features["linux"]["namespaces"], "user") && has(&features["linux"]["capabilities"], "CAP_BPF"));
    assert_eq!(features["linux"]["seccomp"]["enabled"], json!(true));
}
