//! A gantry daemon with folders, a socket, a bridge and control groups of its own.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Client, Host, PATIENCE, eventually};

/// Daemons of this process so far, to give each its own bridge and subnet.
static COUNT: AtomicU8 = AtomicU8::new(0);

/// The daemon. Dropping it ends it and all that it started; where the test has failed, its log is shown.
pub struct Daemon {
    host: Arc<Host>,
    binary: PathBuf,
    folder: TempDir,
    options: Vec<String>,
    number: u8,
    child: Option<Child>,
}

impl Daemon {
    /// Starts the daemon of this binary on a host, and waits until it answers.
    pub fn start(host: &Arc<Host>, binary: impl AsRef<Path>) -> Self {
        Self::start_with(host, binary, &[])
    }

    /// The same, with more options.
    pub fn start_with(host: &Arc<Host>, binary: impl AsRef<Path>, options: &[&str]) -> Self {
        let mut daemon = Self::prepare(host, binary, options);
        daemon.start_again();
        daemon
    }

    /// Makes its folders and does not start it.
    pub fn prepare(host: &Arc<Host>, binary: impl AsRef<Path>, options: &[&str]) -> Self {
        // Not deep: the paths of sockets have a hundred bytes.
        let folder = tempfile::Builder::new().prefix("gantry-").tempdir_in("/tmp").expect("make a daemon's folder");
        fs::write(folder.path().join("daemon.json"), "{}").expect("write a daemon's configuration");
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let binary = binary.as_ref().to_owned();
        Self { host: Arc::clone(host), binary, folder, options, number, child: None }
    }

    /// Its command line.
    pub fn command(&self) -> Command {
        let mut command = self.host.command(&self.binary);
        command.arg("daemon").arg("--data-root").arg(self.data_root()).arg("--exec-root").arg(self.run_root());
        command.arg("--pidfile").arg(self.pidfile()).arg("--host").arg(format!("unix://{}", self.socket().display()));
        command.arg("--bridge").arg(self.bridge()).arg("--bip").arg(format!("10.{}.0.1/24", 100 + self.number));
        command.arg("--cgroup-parent").arg(self.cgroup_parent());
        if !self.options.iter().any(|option| option.starts_with("--config-file")) {
            command.arg("--config-file").arg(self.folder.path().join("daemon.json"));
        }
        command.args(&self.options).env_remove("NOTIFY_SOCKET").env_remove("LISTEN_FDS");
        command
    }

    /// Starts it, after [`Self::kill`] or [`Self::stop`], and waits until it answers.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the daemon runs already");
        let log = || File::options().create(true).append(true).open(self.log_file()).expect("open the daemon's log");
        let mut command = self.command();
        let child = command.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("run {command:?}: {error}")));
        eventually("the daemon's first answer", || {
            let status = self.child.as_mut().expect("it was started").try_wait().expect("it is our child");
            assert!(status.is_none(), "the daemon ended at once: {status:?}\n{}", self.log());
            ping(&self.socket()).ok()
        });
    }

    /// Ends it with SIGKILL, as if the machine had run out of memory. What it started goes on.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the daemon runs");
        child.kill().and_then(|()| child.wait()).expect("kill the daemon");
    }

    /// Ends it with SIGTERM; gives its status.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the daemon runs");
        send(child.id(), Signal::TERM);
        eventually("the daemon's end", || child.try_wait().expect("it is our child"))
    }

    /// The process id of the running daemon.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the daemon runs").id()
    }

    /// Our own client.
    pub fn gantry(&self) -> Client {
        Client::new(&self.host, &self.binary, Some(&self.socket()))
    }

    /// The stock client.
    pub fn docker(&self) -> Client {
        Client::new(&self.host, Path::new("docker"), Some(&self.socket()))
    }

    /// Where it runs.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Where its socket is.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The file with its process id.
    pub fn pidfile(&self) -> PathBuf {
        self.folder.path().join("pid")
    }

    /// `--data-root`.
    pub fn data_root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `--exec-root`.
    pub fn run_root(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// `--bridge`.
    pub fn bridge(&self) -> String {
        format!("gtr{}", self.number)
    }

    /// `--cgroup-parent`.
    pub fn cgroup_parent(&self) -> String {
        let name = self.folder.path().file_name().expect("it was made here").to_string_lossy();
        format!("/{name}")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The folders of its control groups, in every hierarchy.
    pub fn cgroups(&self) -> Vec<PathBuf> {
        let below = |root: &Path| root.join(self.cgroup_parent().trim_start_matches('/'));
        let root = Path::new("/sys/fs/cgroup");
        let hierarchies = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
        hierarchies.chain([root.to_owned()]).map(|root| below(&root)).filter(|path| path.is_dir()).collect()
    }

    /// The shims that it started, or one before it in the same folders.
    pub fn shims(&self) -> Vec<u32> {
        let run_root = self.run_root();
        let is_shim = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut words = line.split(|&byte| byte == 0).map(String::from_utf8_lossy);
            words.next().is_some_and(|name| name == "shim")
                && words.next().is_some_and(|bundle| Path::new(bundle.as_ref()).starts_with(&run_root))
        };
        let processes = fs::read_dir("/proc").expect("read /proc").flatten();
        processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_shim).collect()
    }

    /// Ends the daemon first, so that it restarts nothing, then the containers, then what is left of the shims.
    fn end_all(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for group in self.cgroups() {
            // What is frozen cannot die.
            for folder in walk(&group) {
                let _ = fs::write(folder.join("freezer.state"), "THAWED");
            }
            walk(&group).iter().flat_map(|folder| processes(folder)).for_each(|pid| send(pid, Signal::KILL));
        }
        for pid in self.shims() {
            send(pid, Signal::KILL);
        }
        // Groups go from the innermost outwards, as soon as the kernel has let go of the dead.
        for _ in 0..200 {
            let folders: Vec<PathBuf> = self.cgroups().iter().flat_map(|group| walk(group)).collect();
            if folders.is_empty() {
                break;
            }
            folders.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let start = log.lines().count().saturating_sub(60);
            let end: Vec<&str> = log.lines().skip(start).collect();
            eprintln!("--- the end of the daemon's log\n{}\n---", end.join("\n"));
        }
        self.end_all();
    }
}

/// The folder and all below it, outer before inner.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        all.extend(walk(&entry.path()));
    }
    all
}

fn processes(group: &Path) -> Vec<u32> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).filter(|&pid| pid != 0).collect()
}

fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    let _ = kill_process(pid, signal);
}

fn ping(socket: &Path) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: gantry\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    match answer.starts_with(b"HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(std::io::Error::other(String::from_utf8_lossy(&answer).into_owned())),
    }
}
