//! A root file system, bundles over it, and the runtime called as an engine calls it. Needs root and busybox.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Its output; it must have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// What it said on standard error; it must have failed, with one line.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_ne!(self.code, 0, "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        let line = self.err.trim_end().strip_prefix("time=").unwrap_or_else(|| panic!("{self:?}"));
        let (_, message) = line.split_once(" level=error msg=").unwrap();
        serde_json::from_str(message).unwrap_or_else(|_| message.to_owned())
    }
}

/// A runtime with state of its own, and a root file system. What it has made is gone at the end.
pub struct Lab {
    folder: tempfile::TempDir,
    pub program: PathBuf,
    group: String,
}

impl Lab {
    /// Ours.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("gantry-runc-").tempdir().unwrap();
        let program = folder.path().join("gantry-runc");
        symlink(env!("CARGO_BIN_EXE_stage"), &program).unwrap();
        Self::of(folder, program)
    }

    /// Debian's, as the oracle.
    pub fn original() -> Self {
        let folder = tempfile::Builder::new().prefix("gantry-runc-").tempdir().unwrap();
        Self::of(folder, "/usr/sbin/runc".into())
    }

    fn of(folder: tempfile::TempDir, program: PathBuf) -> Self {
        let root = folder.path().join("rootfs");
        for name in ["bin", "dev", "proc", "sys", "etc", "tmp"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::copy("/bin/busybox", root.join("bin/busybox")).expect("busybox-static is installed");
        for applet in ["sh", "true", "cat", "ls", "id", "sleep", "stat", "stty", "tty", "kill", "grep", "readlink"] {
            symlink("busybox", root.join("bin").join(applet)).unwrap();
        }
        let group = format!("/gantry-runc-{}", folder.path().file_name().unwrap().to_str().unwrap());
        Self { folder, program, group }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A specification as `spec` writes it, for a shell script.
    pub fn spec(&self, script: &str) -> Value {
        let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
        let mount = |target: &str, kind: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": kind, "options": options });
        let namespaces = ["pid", "network", "ipc", "uts", "mount"].map(|kind| json!({ "type": kind }));
        json!({
            "ociVersion": "1.0.2",
            "process": {
                "user": { "uid": 0, "gid": 0 }, "cwd": "/", "args": ["sh", "-c", script],
                "env": ["PATH=/bin", "TERM=xterm"],
                "capabilities": { "bounding": capabilities, "effective": capabilities, "permitted": capabilities },
                "noNewPrivileges": true,
            },
            "root": { "path": self.path("rootfs"), "readonly": true },
            "hostname": "lab",
            "mounts": [
                mount("/proc", "proc", &[]),
                mount("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
                mount("/dev/pts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
                mount("/tmp", "tmpfs", &["nosuid", "nodev"]),
                mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
            ],
            "linux": { "namespaces": namespaces, "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"] },
        })
    }

    /// The specification that the command `spec` writes, with our root file system and without a terminal. Its limits on
    /// descriptors may be more than this machine allows.
    pub fn written_spec(&self) -> Value {
        let folder = self.path("spec");
        fs::create_dir(&folder).unwrap();
        self.finish(self.command(&["spec"]).current_dir(&folder)).ok();
        let text = fs::read_to_string(folder.join("config.json")).unwrap();
        let mut spec: Value = serde_json::from_str(&text).unwrap();
        spec["process"]["terminal"] = json!(false);
        spec["process"]["rlimits"] = json!([]);
        spec["root"]["path"] = json!(self.path("rootfs"));
        spec
    }

    /// Writes a bundle; its control group is below this laboratory's.
    pub fn bundle(&self, name: &str, mut spec: Value) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        if spec["linux"]["cgroupsPath"].is_null() {
            spec["linux"]["cgroupsPath"] = format!("{}/{name}", self.group).into();
        }
        fs::write(folder.join("config.json"), spec.to_string()).unwrap();
        folder
    }

    /// A command line, not run yet.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(self.path("state")).args(words).stdin(Stdio::null());
        command
    }

    pub fn call(&self, words: &[&str]) -> Done {
        self.finish(&mut self.command(words))
    }

    pub fn finish(&self, command: &mut Command) -> Done {
        // By files: what runs on in a container would hold pipes open.
        let (out, err) = (self.path("stdout"), self.path("stderr"));
        let file = |path: &Path| fs::File::create(path).unwrap();
        let status = command.stdout(file(&out)).stderr(file(&err)).status().unwrap();
        let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Done { code: status.code().unwrap_or(-1), out: text(&out), err: text(&err) }
    }

    /// Runs a script in the foreground, as container `name`.
    pub fn run(&self, name: &str, spec: Value) -> Done {
        let bundle = self.bundle(name, spec);
        self.call(&["run", "--bundle", bundle.to_str().unwrap(), name])
    }

    /// A container whose program sleeps.
    pub fn sleeping(&self, name: &str) -> PathBuf {
        let bundle = self.bundle(name, self.spec("trap 'exit 3' TERM; while :; do sleep 0.02; done"));
        self.call(&["run", "--detach", "--bundle", bundle.to_str().unwrap(), name]).ok();
        bundle
    }

    pub fn status(&self, name: &str) -> String {
        let state: Value = serde_json::from_str(&self.call(&["state", name]).ok()).unwrap();
        state["status"].as_str().unwrap().to_owned()
    }

    /// Waits for a state.
    #[track_caller]
    pub fn wait(&self, name: &str, status: &str) {
        let begun = Instant::now();
        while self.status(name) != status {
            assert!(begun.elapsed() < Duration::from_secs(20), "{name} does not get {status}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What must be there no more: containers' folders, control groups, processes in them, mounts.
    #[track_caller]
    pub fn is_clean(&self) {
        let left: Vec<_> = fs::read_dir(self.path("state")).into_iter().flatten().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(self.groups(), Vec::<PathBuf>::new());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let own = self.folder.path().to_str().unwrap();
        assert!(!mounts.contains(own), "{mounts}");
    }

    /// The control groups of its containers.
    pub fn groups(&self) -> Vec<PathBuf> {
        let tops = hierarchies().into_iter().map(|mount| mount.join(self.group.trim_start_matches('/')));
        let below = tops.flat_map(|top| fs::read_dir(top).into_iter().flatten().flatten());
        below.filter(|entry| entry.path().is_dir()).map(|entry| entry.path()).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for entry in fs::read_dir(self.path("state")).into_iter().flatten().flatten() {
            let _ = self.command(&["delete", "--force"]).arg(entry.file_name()).output().map(|_: Output| ());
        }
        for mount in hierarchies() {
            let _ = fs::remove_dir(mount.join(self.group.trim_start_matches('/')));
        }
    }
}

/// Where control groups are mounted.
pub fn hierarchies() -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    let lines = table.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(|words| words[2].starts_with("cgroup")).map(|words| words[1].into()).collect()
}
