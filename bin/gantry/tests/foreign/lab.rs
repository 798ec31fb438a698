//! What the engines have in common: our program under the runtime's name, a root file system, a folder, and their end.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use testkit::eventually;

/// A folder with the runtime and with a root file system of static busybox.
pub struct Lab(tempfile::TempDir);

impl Lab {
    pub fn new() -> Self {
        // Not deep: the paths of sockets have a hundred bytes.
        let folder = tempfile::Builder::new().prefix("gantry-").tempdir_in("/tmp").unwrap();
        symlink(env!("CARGO_BIN_EXE_gantry"), folder.path().join("gantry-runc")).unwrap();
        let root = folder.path().join("rootfs");
        for name in ["bin", "dev", "proc", "sys", "etc", "tmp"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::copy("/bin/busybox", root.join("bin/busybox")).expect("busybox-static is installed");
        for applet in ["sh", "cat", "id", "sleep", "grep", "tty", "stty", "ps"] {
            symlink("busybox", root.join("bin").join(applet)).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The root file system as an archive.
    pub fn archive(&self) -> String {
        let file = self.text("rootfs.tar");
        output(Command::new("tar").args(["-C", &self.text("rootfs"), "-cf", &file, "."]));
        file
    }
}

/// What a command printed on standard output; it must succeed.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("run {command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?}: {}\n{out}{err}", done.status);
    out.into_owned()
}

/// The same under a pseudo-terminal, where `script` shows the end of its input, too.
#[track_caller]
pub fn on_terminal(line: &str) -> String {
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]);
    output(&mut command).replace(['\r', '\0'], "").replace("^@", "")
}

/// A daemon that ends with the test.
pub struct Server(Child);

impl Server {
    pub fn start(command: &mut Command) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.spawn().unwrap_or_else(|error| panic!("run {command:?}: {error}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Waits until a command succeeds.
#[track_caller]
pub fn until(command: impl Fn() -> Command) {
    let answers = || command().output().is_ok_and(|done| done.status.success());
    eventually("the engine answers", || answers().then_some(()));
}

/// Kills what is in the control groups of this name, and removes them.
pub fn remove_groups(name: &str) {
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    let lines = table.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let groups = lines.filter(|words| words[2].starts_with("cgroup")).map(|words| PathBuf::from(words[1]).join(name));
    for group in groups {
        let mut all: Vec<PathBuf> =
            fs::read_dir(&group).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        all.push(group);
        for group in all.iter().filter(|path| path.is_dir()) {
            let pids = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            for pid in pids.lines().filter_map(|line| rustix::process::Pid::from_raw(line.parse().ok()?)) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            eventually("the group is gone", || (fs::remove_dir(group).is_ok() || !group.exists()).then_some(()));
        }
    }
}
