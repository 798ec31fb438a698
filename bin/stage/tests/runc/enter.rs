//! Further processes in a container.

use std::fs;

use serde_json::json;

use crate::lab::Lab;

#[test]
fn a_process_enters_as_it_is_told() {
    let lab = Lab::new();
    lab.sleeping("a");
    assert_eq!(lab.call(&["exec", "a", "sh", "-c", "echo hi; exit 5"]).code, 5);
    let done =
        lab.call(&["exec", "-e", "A=b", "--cwd", "/tmp", "-u", "7:8", "-g", "9", "a", "sh", "-c", "echo $A $PWD; id"]);
    assert_eq!(done.ok(), "b /tmp\nuid=7 gid=8 groups=8,9\n".replace("groups=8,9", "groups=9"));
    let caps = |words: &[&str]| {
        let line = [&["exec"], words, &["a", "grep", "CapEff", "/proc/self/status"]].concat();
        lab.call(&line).ok().trim_end().rsplit('\t').next().unwrap().to_owned()
    };
    assert_eq!((caps(&[]).as_str(), caps(&["-c", "CAP_CHOWN"]).as_str()), ("0000000020000420", "0000000020000421"));
    let file = lab.path("process.json");
    let process = json!({ "user": { "uid": 3, "gid": 4 }, "cwd": "/", "args": ["id", "-u"], "env": ["PATH=/bin"] });
    fs::write(&file, process.to_string()).unwrap();
    assert_eq!(lab.call(&["exec", "--process", file.to_str().unwrap(), "a"]).ok(), "3\n");
    let pid_file = lab.path("pid");
    lab.call(&["exec", "--detach", "--pid-file", pid_file.to_str().unwrap(), "a", "sleep", "100"]).ok();
    let pid = fs::read_to_string(&pid_file).unwrap();
    assert_eq!(fs::read(format!("/proc/{pid}/cmdline")).unwrap(), b"sleep\x00100\x00");
    lab.call(&["delete", "--force", "a"]).ok();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    lab.is_clean();
}

#[test]
fn who_cannot_enter_is_told_why() {
    let lab = Lab::new();
    lab.sleeping("a");
    let message = lab.call(&["exec", "a", "/no/such"]).refused();
    assert!(message.contains("exec: \"/no/such\": stat /no/such: no such file or directory"), "{message}");
    assert!(lab.call(&["exec", "--cwd", "/nowhere", "a", "true"]).refused().contains("/nowhere"));
    assert!(lab.call(&["exec", "-u", "me", "a", "true"]).refused().contains("me"));
    assert!(lab.call(&["exec", "a"]).refused().contains("args"));
    assert_eq!(lab.call(&["exec", "b", "true"]).refused(), "exec failed: container does not exist");
    lab.call(&["kill", "a", "KILL"]).ok();
    lab.wait("a", "stopped");
    assert_eq!(lab.call(&["exec", "a", "true"]).refused(), "exec failed: cannot exec in a stopped container");
    lab.call(&["delete", "a"]).ok();
    lab.is_clean();
}
