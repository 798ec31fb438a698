//! Control groups by the systemd that has started the host: the whole manager, its message bus, and that of a user.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::lab::{Done, Lab};

const GROUPS: &str = "/sys/fs/cgroup";

fn call(lab: &Lab, words: &[&str]) -> Done {
    let mut command = lab.command(&[]);
    lab.finish(command.arg("--systemd-cgroup").args(words))
}

fn property(unit: &str, name: &str) -> String {
    let done = Command::new("systemctl").args(["show", "--value", "--property", name, unit]).output().unwrap();
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}

/// A unit of this test's own, in the slice where those of services are.
fn spec(lab: &Lab, name: &str, script: &str) -> (Value, String) {
    let mut spec = lab.spec(script);
    let name = format!("{name}{}", std::process::id());
    spec["linux"]["cgroupsPath"] = json!(format!("system.slice:gantry:{name}"));
    spec["linux"]["resources"] = json!({
        "memory": { "limit": 64 << 20, "swap": 64 << 20, "reservation": 32 << 20 },
        "pids": { "limit": 20 },
        "cpu": { "shares": 512, "quota": 50_000, "period": 100_000, "cpus": "0" },
        "blockIO": { "weight": 500 },
        "devices": [{ "allow": false, "access": "rwm" }],
        "unified": { "memory.high": "60000000" },
    });
    spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "cgroup" }));
    (spec, format!("gantry-{name}.scope"))
}

fn directory(unit: &str) -> PathBuf {
    Path::new(GROUPS).join("system.slice").join(unit)
}

fn value(unit: &str, file: &str) -> String {
    fs::read_to_string(directory(unit).join(file)).unwrap_or_else(|error| panic!("{file}: {error}")).trim().to_owned()
}

#[track_caller]
fn is_gone(unit: &str) {
    assert_eq!(property(unit, "LoadState"), "not-found");
    assert!(!directory(unit).exists());
}

#[test]
#[ignore = "needs a host that systemd has started, with version 2: cargo xtask vm runc"]
fn limits_are_the_kernel_s_and_the_manager_s() {
    let lab = Lab::new();
    let (spec, unit) = spec(&lab, "limits", "sleep 1000");
    let bundle = lab.bundle("a", spec);
    call(&lab, &["create", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    call(&lab, &["start", "a"]).ok();
    let files = [
        ("memory.max", "67108864"),
        ("memory.low", "33554432"),
        ("memory.swap.max", "0"),
        ("memory.high", "59998208"),
        ("pids.max", "20"),
        ("cpu.max", "50000 100000"),
        ("cpu.weight", "20"),
        ("cpuset.cpus", "0"),
    ];
    let all = |files: &[(&str, &str)]| {
        for (file, expect) in files {
            assert_eq!(value(&unit, file), *expect, "{file}");
        }
    };
    all(&files);
    assert!(Command::new("systemctl").arg("daemon-reload").status().unwrap().success());
    all(&files);
    let inside =
        "cat /proc/self/cgroup; echo x > /dev/null && ! dd if=/dev/mem of=/dev/null count=1 2>/dev/null && echo kept";
    assert_eq!(call(&lab, &["exec", "a", "sh", "-c", inside]).ok(), "0::/\nkept\n");
    let update = ["--memory", "32m", "--memory-swap", "32m", "--pids-limit", "10", "--cpu-quota", "20000"];
    call(&lab, &[&["update"], &update[..], &["--cpu-share", "1024", "a"]].concat()).ok();
    assert!(Command::new("systemctl").arg("daemon-reload").status().unwrap().success());
    all(&[("memory.max", "33554432"), ("pids.max", "10"), ("cpu.max", "20000 100000"), ("cpu.weight", "39")]);
    let event: Value = serde_json::from_str(&call(&lab, &["events", "--stats", "a"]).ok()).unwrap();
    assert_eq!(event["data"]["memory"]["usage"]["limit"], json!(32 << 20));
    call(&lab, &["pause", "a"]).ok();
    assert_eq!(lab.status("a"), "paused");
    call(&lab, &["resume", "a"]).ok();
    call(&lab, &["kill", "a", "KILL"]).ok();
    lab.wait("a", "stopped");
    call(&lab, &["delete", "a"]).ok();
    is_gone(&unit);
    lab.is_clean();
}

#[test]
#[ignore = "needs a host that systemd has started, with version 2: cargo xtask vm runc"]
fn the_message_bus_is_another_way_to_the_manager() {
    let lab = Lab::new();
    let (spec, unit) = spec(&lab, "bus", "cat /proc/self/cgroup");
    let bundle = lab.bundle("a", spec);
    // Its own socket is covered.
    let script = "mount --bind /dev/null /run/systemd/private && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--", "sh", "-c", script, "sh"]).arg(&lab.program);
    command.arg("--root").arg(lab.path("state")).args(["--systemd-cgroup", "run", "--bundle"]).arg(&bundle).arg("a");
    assert_eq!(lab.finish(&mut command).ok(), "0::/\n");
    is_gone(&unit);
    lab.is_clean();
}

#[test]
#[ignore = "needs a host that systemd has started, with version 2: cargo xtask vm runc"]
fn a_container_killed_for_its_memory_leaves_nothing() {
    let lab = Lab::new();
    let (mut spec, unit) = spec(&lab, "oom", "exec /bin/busybox dd if=/dev/zero of=/dev/null bs=200M count=1");
    spec["linux"]["resources"]["unified"] = json!({});
    let done = lab.finish(lab.command(&["--systemd-cgroup", "run", "--bundle"]).arg(lab.bundle("a", spec)).arg("a"));
    assert_eq!(done.code, 137, "{done:?}");
    is_gone(&unit);
    lab.is_clean();
}

/// An ordinary user, for whom the host's manager has started another.
struct User {
    lab: Lab,
    name: String,
    id: u32,
}

impl User {
    fn new() -> Self {
        let lab = Lab::new();
        let name = format!("gantry{}", std::process::id());
        let status = Command::new("useradd").args(["--create-home", "--shell", "/bin/sh", &name]).status().unwrap();
        assert!(status.success());
        let id = String::from_utf8(Command::new("id").args(["--user", &name]).output().unwrap().stdout).unwrap();
        let user = Self { lab, id: id.trim().parse().unwrap(), name };
        for path in ["", "rootfs", "state"] {
            let path = user.lab.path(path);
            fs::create_dir_all(&path).unwrap();
            std::os::unix::fs::chown(&path, Some(user.id), Some(user.id)).unwrap();
        }
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(user.lab.path(""), open).unwrap();
        // The build's folder need not be open to everybody.
        let program = user.lab.path("own/gantry-runc");
        fs::create_dir(user.lab.path("own")).unwrap();
        fs::copy(&user.lab.program, program).unwrap();
        let status = Command::new("systemctl").args(["start", &format!("user@{}.service", user.id)]).status().unwrap();
        assert!(status.success());
        user
    }

    fn call(&self, words: &[&str]) -> Done {
        let mut command = Command::new("setpriv");
        let id = self.id.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--init-groups", "--inh-caps=-all", "--reset-env", "env"]);
        command.arg(format!("XDG_RUNTIME_DIR=/run/user/{id}")).arg(self.lab.path("own/gantry-runc"));
        command.arg("--root").arg(self.lab.path("state")).arg("--systemd-cgroup").args(words).current_dir("/");
        self.lab.finish(&mut command)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = self.call(&["delete", "--force", "a"]);
        let _ = Command::new("systemctl").args(["stop", &format!("user@{}.service", self.id)]).status();
        let _ = Command::new("userdel").args(["--remove", "--force", &self.name]).output();
    }
}

#[test]
#[ignore = "needs a host that systemd has started, with version 2: cargo xtask vm runc"]
fn a_user_s_containers_are_scopes_with_limits_that_were_delegated() {
    let user = User::new();
    let mut spec = user.lab.spec("sleep 1000");
    let given = fs::read_to_string("/etc/subuid").unwrap();
    let first: u32 = given
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{}:", user.name)))
        .unwrap()
        .split(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mappings = json!([
        { "containerID": 0, "hostID": user.id, "size": 1 }, { "containerID": 1, "hostID": first, "size": 65536 },
    ]);
    (spec["linux"]["uidMappings"], spec["linux"]["gidMappings"]) = (mappings.clone(), mappings);
    for kind in ["user", "cgroup"] {
        spec["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": kind }));
    }
    spec["linux"]["cgroupsPath"] = json!(":gantry:own");
    spec["linux"]["resources"] = json!({ "memory": { "limit": 64 << 20 }, "pids": { "limit": 20 } });
    let bundle = user.lab.bundle("a", spec);
    user.call(&["create", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    user.call(&["start", "a"]).ok();
    let id = user.id;
    let group = format!("user.slice/user-{id}.slice/user@{id}.service/user.slice/gantry-own.scope");
    let group = Path::new(GROUPS).join(group);
    let value = |file: &str| fs::read_to_string(group.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert_eq!((value("memory.max").trim(), value("pids.max").trim()), ("67108864", "20"));
    assert_eq!(user.call(&["exec", "a", "sh", "-c", "id -u; cat /proc/self/cgroup"]).ok(), "0\n0::/\n");
    user.call(&["update", "--pids-limit", "10", "a"]).ok();
    assert_eq!(value("pids.max").trim(), "10");
    user.call(&["pause", "a"]).ok();
    user.call(&["resume", "a"]).ok();
    user.call(&["delete", "--force", "a"]).ok();
    assert!(!group.exists());
    user.lab.is_clean();
}
