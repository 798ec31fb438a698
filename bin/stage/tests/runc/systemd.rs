//! Control groups by systemd. A manager for users stands in for the host's, with a mount namespace of its own, in which
//! its socket lies where the host's would: what it does with a unit is the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lab::{Done, Lab, hierarchies};

const MANAGER: &str = "/lib/systemd/systemd";

/// A laboratory with a manager.
struct Managed {
    lab: Lab,
    manager: Child,
    /// Its own control group, below each hierarchy.
    group: String,
    /// Whether the runtime is to ask the manager of the user.
    user: bool,
}

impl Managed {
    fn new() -> Self {
        let lab = Lab::new();
        let group = format!("gantry-systemd-{}", lab.path("").file_name().unwrap().to_str().unwrap());
        let run = lab.path("run");
        fs::create_dir_all(run.join("systemd")).unwrap();
        // A manager begins below the group that it is in, and refuses where systemd did not start the host. The host's own
        // manager is out of reach, by its bus too.
        let script = "mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && touch /run/systemd/private && \
            if [ -d /run/dbus ]; then mount -t tmpfs none /run/dbus; fi && \
            for group in $GROUPS_OF_MANAGER; do mkdir $group && echo $$ > $group/cgroup.procs; done; \
            exec \"$0\" --user --unit=basic.target";
        let own = hierarchies().into_iter().filter(|mount| is_systemd_s(mount)).map(|mount| mount.join(&group));
        let own: Vec<String> = own.map(|path| path.display().to_string()).collect();
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--propagation",
            "private",
            "--",
            "sh",
            "-c",
            "mkdir -p /run/systemd && exec sh -c \"$1\" \"$2\"",
            "sh",
            script,
            MANAGER,
        ]);
        command.env("GROUPS_OF_MANAGER", own.join(" ")).env("XDG_RUNTIME_DIR", &run).env("HOME", &run);
        let log = fs::File::create(lab.path("manager.log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let manager = command.spawn().unwrap();
        let managed = Self { lab, manager, group, user: false };
        managed.until("its socket", || run.join("systemd/private").exists());
        let bind = format!("mount --bind {}/systemd/private /run/systemd/private", run.display());
        assert!(managed.inside("sh").args(["-c", &bind]).status().unwrap().success());
        managed
    }

    #[track_caller]
    fn until(&self, what: &str, is: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is() {
            let log = || fs::read_to_string(self.lab.path("manager.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(20), "no {what}: {}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A command in the manager's mount namespace.
    fn inside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.manager.id())).arg("--").arg(program.as_ref());
        command
            .env("XDG_RUNTIME_DIR", self.lab.path("run"))
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null());
        command
    }

    fn call(&self, words: &[&str]) -> Done {
        let mut command = self.inside(&self.lab.program);
        command.arg("--root").arg(self.lab.path("state")).arg("--systemd-cgroup");
        if self.user {
            command.arg("--rootless=true");
        }
        self.lab.finish(command.args(words))
    }

    fn run(&self, words: &[&str], name: &str, spec: Value) -> Done {
        let bundle = self.lab.bundle(name, spec);
        self.call(&[&["run", "--bundle", bundle.to_str().unwrap()], words, &[name]].concat())
    }

    fn systemctl(&self, words: &[&str]) -> String {
        let done = self.inside("systemctl").arg("--user").args(words).output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn property(&self, unit: &str, name: &str) -> String {
        self.systemctl(&["show", "--value", "--property", name, unit]).trim_end().to_owned()
    }

    /// A specification with limits, for a unit in slices within each other.
    fn spec(&self, script: &str) -> Value {
        let mut spec = self.lab.spec(script);
        spec["linux"]["cgroupsPath"] = json!("lab-inner.slice:test:unit");
        spec["linux"]["resources"] = json!({
            "memory": { "limit": 64 << 20 }, "pids": { "limit": 20 }, "cpu": { "quota": 50_000, "period": 100_000 },
            "devices": [{ "allow": false, "access": "rwm" }],
        });
        spec
    }

    /// The container's directories: where its unit's place is, on each hierarchy.
    fn directories(&self) -> Vec<PathBuf> {
        let place = format!("{}/lab.slice/lab-inner.slice/test-unit.scope", self.group);
        hierarchies().into_iter().map(|mount| mount.join(&place)).filter(|path| path.exists()).collect()
    }

    /// A value in whichever directory has the file of one version or the other.
    fn value(&self, files: [&str; 2]) -> String {
        let found = self.directories().into_iter().flat_map(|path| files.map(|file| path.join(file)));
        found.filter_map(|path| fs::read_to_string(path).ok()).next().unwrap_or_default().trim_end().to_owned()
    }

    #[track_caller]
    fn is_clean(&self) {
        assert_eq!(self.property("test-unit.scope", "LoadState"), "not-found");
        assert_eq!(self.directories(), Vec::<PathBuf>::new());
        self.lab.is_clean();
    }
}

/// Whether the manager needs a group there: it keeps track of processes by one hierarchy.
fn is_systemd_s(mount: &Path) -> bool {
    mount.ends_with("systemd") || mount.join("cgroup.controllers").exists()
}

impl Drop for Managed {
    fn drop(&mut self) {
        let names: Vec<_> = fs::read_dir(self.lab.path("state")).into_iter().flatten().flatten().collect();
        for name in names {
            let _ = self.call(&["delete", "--force", name.file_name().to_str().unwrap()]);
        }
        let _ = self.manager.kill();
        let _ = self.manager.wait();
        // What it had started ends with its group.
        for top in hierarchies().into_iter().map(|mount| mount.join(&self.group)) {
            remove(&top);
        }
    }
}

/// Removes groups from the innermost on, with what is in them.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
        remove(&entry.path());
    }
    for _ in 0..200 {
        let processes = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        let _ = processes.lines().map(|pid| Command::new("kill").args(["-9", pid]).status()).collect::<Vec<_>>();
        if fs::remove_dir(group).is_ok() || !group.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_container_is_a_scope_with_its_limits_from_create_to_delete() {
    let managed = Managed::new();
    let bundle = managed.lab.bundle("a", managed.spec("sleep 1000"));
    managed.call(&["create", "--bundle", bundle.to_str().unwrap(), "a"]).ok();
    managed.call(&["start", "a"]).ok();
    let unit = "test-unit.scope";
    for (name, expect) in [
        ("ActiveState", "active"),
        ("Slice", "lab-inner.slice"),
        ("Description", "container a"),
        ("Delegate", "yes"),
        ("TasksMax", "20"),
        ("CPUQuotaPerSecUSec", "500ms"),
        ("DevicePolicy", "strict"),
    ] {
        assert_eq!(managed.property(unit, name), expect, "{name}");
    }
    let memory = ["MemoryMax", "MemoryLimit"].map(|name| managed.property(unit, name));
    assert!(memory.contains(&"67108864".to_owned()), "{memory:?}");
    assert!(managed.property(unit, "DeviceAllow").contains("/dev/char/1:3 rwm"));
    // One process: nothing holds the place of another any more.
    let pids = || fs::read_to_string(managed.directories().last().unwrap().join("cgroup.procs")).unwrap();
    assert_eq!(pids().lines().count(), 1, "{}", pids());
    assert_eq!(managed.value(["memory.max", "memory.limit_in_bytes"]), "67108864");
    assert_eq!(managed.value(["pids.max", "pids.max"]), "20");

    // The name is taken, and whose it is keeps it.
    let error = managed.run(&[], "b", managed.spec("true")).refused();
    assert!(error.contains("start unit `test-unit.scope`"), "{error}");
    assert_eq!(managed.lab.status("a"), "running");
    assert!(!managed.lab.path("state/b").exists());

    // Limits are systemd's, too: it writes its own when it reads its files anew.
    managed.call(&["update", "--memory", "32m", "--pids-limit", "10", "--cpu-quota", "20000", "a"]).ok();
    managed.systemctl(&["daemon-reload"]);
    assert_eq!(managed.value(["memory.max", "memory.limit_in_bytes"]), "33554432");
    assert_eq!(managed.value(["pids.max", "pids.max"]), "10");
    assert_eq!(managed.property(unit, "CPUQuotaPerSecUSec"), "200ms");
    let node = "echo x > /dev/null && ! dd if=/dev/mem of=/dev/null count=1 2>/dev/null && echo kept";
    assert_eq!(managed.call(&["exec", "a", "sh", "-c", node]).ok(), "kept\n");
    managed.call(&["pause", "a"]).ok();
    assert_eq!(managed.lab.status("a"), "paused");
    managed.call(&["delete", "--force", "a"]).ok();
    managed.is_clean();
}

#[test]
fn a_scope_goes_with_its_container_and_can_be_had_again() {
    let managed = Managed::new();
    for code in [0, 3] {
        let done = managed.run(&[], "a", managed.spec(&format!("exit {code}")));
        assert_eq!(done.code, code, "{done:?}");
        managed.is_clean();
    }
    let mut spec = managed.spec("true");
    spec["process"]["args"] = json!(["/none"]);
    assert!(managed.run(&[], "a", spec).refused().contains("/none"));
    managed.is_clean();
    // What PID 1 leaves behind in a namespace of others is killed, not asked.
    let mut spec = managed.spec("trap '' TERM; sleep 1000 & exit 0");
    spec["linux"]["namespaces"].as_array_mut().unwrap().retain(|namespace| namespace["type"] != "pid");
    let begun = Instant::now();
    managed.run(&[], "a", spec).ok();
    assert!(begun.elapsed() < Duration::from_secs(20));
    managed.is_clean();
}

#[test]
fn one_process_is_a_limit_that_can_be_had() {
    let managed = Managed::new();
    let mut spec = managed.spec("exec echo alone");
    spec["linux"]["resources"]["pids"]["limit"] = json!(1);
    assert_eq!(managed.run(&[], "a", spec).ok(), "alone\n");
    let mut spec = managed.spec("(echo child); true");
    spec["linux"]["resources"]["pids"]["limit"] = json!(1);
    let done = managed.run(&[], "a", spec);
    assert!(!done.out.contains("child"), "{done:?}");
    managed.is_clean();
}

#[test]
fn annotations_are_properties_of_the_unit() {
    let managed = Managed::new();
    let mut spec = managed.spec("sleep 1000");
    spec["annotations"] =
        json!({ "org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.SendSIGHUP": "true" });
    managed.run(&["--detach"], "a", spec).ok();
    assert_eq!(managed.property("test-unit.scope", "TimeoutStopUSec"), "7s");
    assert_eq!(managed.property("test-unit.scope", "SendSIGHUP"), "yes");
    managed.call(&["delete", "--force", "a"]).ok();
    for (name, value) in [("TimeoutStopSec", "soon"), ("NoSuchThing", "1")] {
        let mut spec = managed.spec("true");
        spec["annotations"] = json!({ format!("org.systemd.property.{name}"): value });
        let error = managed.run(&[], "a", spec).refused();
        assert!(error.contains(name), "{error}");
        managed.is_clean();
    }
}

#[test]
fn a_user_s_manager_makes_the_units_of_a_user() {
    let mut managed = Managed::new();
    managed.user = true;
    assert!(managed.inside("umount").arg("/run/systemd/private").status().unwrap().success());
    let mut spec = managed.spec("sleep 1000");
    spec["linux"]["cgroupsPath"] = json!(":test:own");
    managed.run(&["--detach"], "a", spec).ok();
    assert_eq!(managed.property("test-own.scope", "Slice"), "user.slice");
    assert_eq!(managed.call(&["exec", "a", "sh", "-c", "echo in"]).ok(), "in\n");
    managed.call(&["delete", "--force", "a"]).ok();
    assert_eq!(managed.property("test-own.scope", "LoadState"), "not-found");
    managed.is_clean();
}

#[test]
fn other_forms_of_paths_and_no_manager_are_refused() {
    let managed = Managed::new();
    let mut spec = managed.spec("true");
    spec["linux"]["cgroupsPath"] = json!("/plain/path");
    let error = managed.run(&[], "a", spec).refused();
    assert!(error.contains("`/plain/path`: systemd needs one of the form slice:prefix:name"), "{error}");
    let error = managed.lab.run("a", managed.spec("true")).refused();
    assert!(error.contains("is for the driver systemd"), "{error}");
    assert!(managed.inside("umount").arg("/run/systemd/private").status().unwrap().success());
    let error = managed.run(&[], "a", managed.spec("true")).refused();
    assert!(
        error.contains("reach the manager of unit `test-unit.scope`: systemd at `/run/systemd/private`"),
        "{error}"
    );
    managed.is_clean();
}

#[test]
fn a_create_that_is_killed_leaves_no_unit() {
    let managed = Managed::new();
    let bundle = managed.lab.bundle("a", managed.spec("sleep 1000"));
    for step in 0..12 {
        let mut command = managed.inside(&managed.lab.program);
        command.arg("--root").arg(managed.lab.path("state")).arg("--systemd-cgroup");
        let mut child = command.args(["create", "-b", bundle.to_str().unwrap(), "a"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 * step));
        let _ = child.kill();
        child.wait().unwrap();
        managed.call(&["delete", "--force", "a"]).ok();
        managed.is_clean();
    }
}
