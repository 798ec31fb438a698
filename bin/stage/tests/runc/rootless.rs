//! An ordinary user's containers: with the one id it has, and with those that the administrator has given it.

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::lab::{Done, Lab};

/// Nobody of this host.
const USER: u32 = 54_321;

/// A laboratory that belongs to the user, with a list of users and of their ids which only its own commands see.
struct Own(Lab, Vec<PathBuf>);

impl Own {
    fn new() -> Self {
        let lab = Lab::new();
        let passwd = fs::read_to_string("/etc/passwd").unwrap() + &format!("ordinary:x:{USER}:{USER}::/:/bin/sh\n");
        fs::write(lab.path("passwd"), passwd).unwrap();
        fs::write(lab.path("subid"), "ordinary:2000000:65536\n").unwrap();
        // What is on the way to the program must be open to the user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(lab.path(""), open).unwrap();
        let own = Self(lab, Vec::new());
        for name in ["", "rootfs", "state"] {
            fs::create_dir_all(own.0.path(name)).unwrap();
            chown(own.0.path(name), Some(USER), Some(USER)).unwrap();
        }
        own
    }

    fn spec(&self, script: &str) -> Value {
        let mut spec = self.0.spec(script);
        spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "user" }));
        spec["linux"]["resources"] = json!({ "devices": [{ "allow": false, "access": "rwm" }] });
        let own = json!([{ "containerID": 0, "hostID": USER, "size": 1 }]);
        (spec["linux"]["uidMappings"], spec["linux"]["gidMappings"]) = (own.clone(), own);
        spec
    }

    fn with_given_ids(mut spec: Value) -> Value {
        let all = json!([
            { "containerID": 0, "hostID": USER, "size": 1 }, { "containerID": 1, "hostID": 2_000_000, "size": 65536 },
        ]);
        (spec["linux"]["uidMappings"], spec["linux"]["gidMappings"]) = (all.clone(), all);
        spec
    }

    /// Runs one of the user's command lines.
    fn call(&self, words: &[&str]) -> Done {
        // A copy: the build's folder need not be open to everybody.
        let program = self.0.path("own-runc").join("gantry-runc");
        if !program.exists() {
            fs::create_dir_all(self.0.path("own-runc")).unwrap();
            fs::copy(env!("CARGO_BIN_EXE_stage"), &program).unwrap();
        }
        let script = "mount --bind $1/passwd /etc/passwd && touch /etc/subuid /etc/subgid && \
            mount --bind $1/subid /etc/subuid && mount --bind $1/subid /etc/subgid && shift && \
            for group in $GROUPS_OF_SESSION; do echo $$ > $group/cgroup.procs; done; \
            exec setpriv --reuid \"$0\" --regid \"$0\" --clear-groups --inh-caps=-all -- \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--", "sh", "-c", script, &USER.to_string()]);
        command.arg(self.0.path("")).arg(&program).arg("--root").arg(self.0.path("state")).args(words);
        let session: Vec<_> = self.1.iter().map(|group| group.display().to_string()).collect();
        self.0.finish(command.env("GROUPS_OF_SESSION", session.join(" ")).current_dir("/"))
    }

    /// Whether a process has ended, within the time that the kernel takes.
    fn is_dead(&self, pid: i64) -> bool {
        let stat = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let ended = |stat: String| stat.is_empty() || stat.contains(") Z ") || stat.contains(") X ");
        (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            ended(stat())
        })
    }

    fn run(&self, name: &str, spec: Value) -> Done {
        let bundle = self.0.bundle(name, spec);
        self.call(&["run", "--bundle", bundle.to_str().unwrap(), name])
    }
}

#[test]
fn with_the_one_id_it_has() {
    let own = Own::new();
    let done = own.run("a", own.spec("id -u; cat /proc/self/uid_map; echo x > /dev/null && echo null; exit 7"));
    assert_eq!(done.code, 7, "{done:?}");
    let words: Vec<&str> = done.out.split_whitespace().collect();
    assert_eq!(words, ["0", "0", &USER.to_string(), "1", "null"]);
    own.0.is_clean();
}

#[test]
fn with_the_ids_that_it_was_given() {
    let own = Own::new();
    let mut spec = Own::with_given_ids(own.spec("id; cat /proc/self/uid_map"));
    spec["process"]["user"] = json!({ "uid": 1000, "gid": 1001, "additionalGids": [5] });
    let done = own.run("a", spec);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.starts_with("uid=1000 gid=1001 groups=5\n"), "{done:?}");
    let mut spec = Own::with_given_ids(own.spec("true"));
    spec["linux"]["uidMappings"][1]["hostID"] = json!(3_000_000);
    let message = own.run("a", spec).refused();
    assert!(message.contains("newuidmap"), "{message}");
    own.0.is_clean();
}

#[test]
fn created_started_entered_and_deleted() {
    let own = Own::new();
    let bundle = own.0.bundle("a", Own::with_given_ids(own.spec("sleep 1000")));
    own.call(&["create", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    own.call(&["start", "a"]).ok();
    assert_eq!(own.call(&["exec", "a", "id", "-u"]).ok(), "0\n");
    // It has no control groups, and its processes are known nonetheless.
    own.call(&["exec", "--detach", "a", "sleep", "1000"]).ok();
    let pids: Vec<i64> = serde_json::from_str(&own.call(&["ps", "--format", "json", "a"]).ok()).unwrap();
    let state: Value = serde_json::from_str(&own.call(&["state", "a"]).ok()).unwrap();
    assert!(pids.len() >= 2 && pids.contains(&state["pid"].as_i64().unwrap()), "{pids:?}");
    assert_eq!(own.call(&["exec", "--user", "7:8", "a", "sh", "-c", "id -u; exit 5"]).code, 5);
    let state: Value = serde_json::from_str(&own.call(&["state", "a"]).ok()).unwrap();
    assert_eq!(state["status"], json!("running"));
    own.call(&["kill", "--all", "a", "KILL"]).ok();
    assert!(pids.iter().all(|pid| own.is_dead(*pid)), "{pids:?}");
    own.call(&["delete", "--force", "a"]).ok();
    own.0.is_clean();
}

#[test]
fn with_a_group_that_it_was_given_and_without() {
    let mut own = Own::new();
    let limited = |own: &Own, group: &str| {
        let mut spec = own.spec("cat /proc/self/cgroup");
        spec["linux"]["resources"]["pids"] = json!({ "limit": 20 });
        spec["linux"]["cgroupsPath"] = json!(group);
        spec
    };
    let message = own.run("a", limited(&own, "/gantry-not-given/a")).refused();
    assert!(message.contains("may not be made by this user"), "{message}");
    // The administrator gives it a group of its own on every hierarchy, and its session is in there.
    let name = format!("gantry-given-{}", std::process::id());
    let given: Vec<_> = crate::lab::hierarchies().into_iter().map(|mount| mount.join(&name)).collect();
    for group in &given {
        fs::create_dir(group).unwrap();
        for file in ["", "cgroup.procs", "tasks", "cgroup.subtree_control"] {
            let _ = chown(group.join(file), Some(USER), Some(USER));
        }
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let parent = fs::read_to_string(group.parent().unwrap().join(file));
            let _ = parent.map(|value| fs::write(group.join(file), value));
        }
        let session = group.join("session");
        fs::create_dir(&session).unwrap();
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let parent = fs::read_to_string(group.join(file));
            let _ = parent.map(|value| fs::write(session.join(file), value));
        }
        own.1.push(session);
    }
    let done = own.run("a", limited(&own, &format!("/{name}/a")));
    for group in own.1.iter().chain(&given) {
        let _ = fs::remove_dir(group);
    }
    assert!(done.out.contains(&format!("pids:/{name}/a")) || done.out.contains(&format!("0::/{name}/a")), "{done:?}");
    assert!(given.iter().all(|group| !group.exists()));
    own.0.is_clean();
}
