//! What cannot be: one message each, with step, object and cause, and a host as before.

use std::fs;

use serde_json::{Value, json};

use crate::lab::Lab;

#[test]
fn bundles_that_are_none() {
    let lab = Lab::new();
    let empty = lab.path("empty");
    fs::create_dir(&empty).unwrap();
    let create = |folder: &std::path::Path| lab.call(&["create", "-b", folder.to_str().unwrap(), "a"]).refused();
    assert!(create(&empty).contains("config.json not found"), "{}", create(&empty));
    assert!(create(&lab.path("nowhere")).contains("open bundle"));
    fs::write(empty.join("config.json"), "{ \"ociVersion\": ").unwrap();
    assert!(create(&empty).contains("EOF"));
    fs::write(empty.join("config.json"), "[]").unwrap();
    assert!(create(&empty).contains("ociVersion"));
    let broken = |change: fn(&mut Value), part: &str| {
        let mut spec = lab.spec("true");
        change(&mut spec);
        let message = create(&lab.bundle("b", spec));
        assert!(message.contains(part), "{part}: {message}");
    };
    broken(|spec| spec["ociVersion"] = json!("2.0.0"), "2.0.0");
    broken(|spec| spec["ociVersion"] = json!("new"), "new");
    broken(|spec| spec["root"]["path"] = json!("/no/such/root"), "/no/such/root");
    broken(|spec| spec["root"]["path"] = json!("/etc/passwd"), "not a directory");
    broken(|spec| drop(spec.as_object_mut().unwrap().remove("root")), "root");
    broken(|spec| drop(spec.as_object_mut().unwrap().remove("process")), "process");
    broken(|spec| spec["process"]["args"] = json!([]), "no arguments");
    broken(|spec| spec["process"]["cwd"] = json!("relative"), "not absolute");
    broken(|spec| spec["process"]["args"] = json!(["/no/such/program"]), "/no/such/program");
    broken(|spec| spec["mounts"][0]["destination"] = json!("relative"), "not absolute");
    broken(|spec| spec["mounts"][0]["type"] = json!("nofs"), "nofs");
    broken(|spec| spec["linux"]["namespaces"][0]["type"] = json!("mood"), "mood");
    broken(|spec| spec["linux"]["cgroupsPath"] = json!("/a/../b"), "..");
    broken(|spec| spec["linux"]["resources"] = json!({ "unified": { "no.such": "1" } }), "no.such");
    broken(|spec| spec["linux"]["sysctl"] = json!({ "kernel.panic": "1" }), "kernel.panic");
    broken(|spec| spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "user" })), "mappings");
    broken(
        |spec| {
            spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "user" }));
            let mapping = json!([{ "containerID": 0, "hostID": u32::MAX, "size": 1 }]);
            (spec["linux"]["uidMappings"], spec["linux"]["gidMappings"]) = (mapping.clone(), mapping);
        },
        "uid_map",
    );
    lab.is_clean();
}

#[test]
fn links_in_a_circle_are_no_mount_point() {
    let lab = Lab::new();
    std::os::unix::fs::symlink("loop", lab.path("rootfs/loop")).unwrap();
    let mut spec = lab.spec("true");
    spec["mounts"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "destination": "/loop/x", "type": "tmpfs", "source": "tmpfs" }));
    let done = lab.run("a", spec);
    assert!(done.refused().contains("/loop/x"));
    lab.is_clean();
}

#[test]
fn names_that_are_none_or_taken() {
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("sleep 100"));
    let create = |id: &str| lab.call(&["create", "-b", bundle.to_str().unwrap(), id]);
    for id in ["", ".", "..", "a/b", "a b", "../a", "a\n", "ä"] {
        assert!(create(id).refused().contains("invalid"), "{id:?}");
    }
    create("a").ok();
    assert_eq!(create("a").refused(), "runc create failed: container with given ID already exists");
    lab.call(&["delete", "a"]).ok();
    assert!(lab.call(&["state", "../a"]).refused().contains("invalid"));
    lab.is_clean();
}

#[test]
fn hooks_that_fail_or_hang() {
    let lab = Lab::new();
    let hooked = |hook: Value| {
        let mut spec = lab.spec("true");
        spec["hooks"] = json!({ "createRuntime": [hook] });
        lab.run("a", spec).refused()
    };
    let message = hooked(json!({ "path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"] }));
    assert!(message.contains("createRuntime") && message.contains("why"), "{message}");
    let begun = std::time::Instant::now();
    let message = hooked(json!({ "path": "/bin/sh", "args": ["sh", "-c", "sleep 1000 & sleep 1000"], "timeout": 1 }));
    assert!(message.contains("createRuntime") && begun.elapsed().as_secs() < 60, "{message}");
    assert!(hooked(json!({ "path": "/no/such/hook" })).contains("/no/such/hook"));
    assert!(hooked(json!({ "path": "relative" })).contains("relative"));
    lab.is_clean();
}

#[test]
fn messages_have_both_formats_and_go_to_a_file() {
    let lab = Lab::new();
    let (log, nowhere) = (lab.path("log"), lab.path("nowhere"));
    let words =
        ["--log", log.to_str().unwrap(), "--log-format", "json", "create", "-b", nowhere.to_str().unwrap(), "a"];
    let done = lab.call(&words);
    assert_eq!(done.code, 1);
    let line: Value = serde_json::from_str(fs::read_to_string(&log).unwrap().trim_end()).unwrap();
    assert_eq!(line["level"], json!("error"));
    assert_eq!(line["msg"].as_str().unwrap(), done.err.trim_end());
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn words_that_are_none() {
    let lab = Lab::new();
    for words in [&["fly"][..], &["state"], &["state", "a", "b"], &["kill", "a", "NOSIGNAL"], &["run", "--nope", "a"]] {
        let done = lab.call(words);
        assert_ne!(done.code, 0, "{words:?}");
        assert!(!done.err.is_empty(), "{words:?}");
    }
}

#[test]
fn of_two_callers_one_wins() {
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("sleep 100"));
    for _ in 0..5 {
        let line = ["create", "-b", bundle.to_str().unwrap(), "a"];
        let quiet = |command: &mut std::process::Command| {
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
        };
        let mut all: Vec<_> = (0..4).map(|_| quiet(&mut lab.command(&line))).collect();
        let won = all.iter_mut().map(|child| child.wait().unwrap()).filter(|status| status.success()).count();
        assert_eq!(won, 1);
        let mut all: Vec<_> = (0..4).map(|_| quiet(&mut lab.command(&["delete", "--force", "a"]))).collect();
        all.iter_mut().for_each(|child| assert!(child.wait().is_ok()));
        lab.call(&["delete", "--force", "a"]).ok();
        lab.is_clean();
    }
}
