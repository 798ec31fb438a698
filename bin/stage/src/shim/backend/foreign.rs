//! Another OCI runtime, by runc's command line.
//!
//! ```text
//!   BUNDLE/foreign/
//!     config.json   the container's specification, with the root file system and the network namespace named by path
//!     rootfs/       where its root file system is mounted, in the shim's mount namespace: it goes with the shim
//!     state/        the runtime's own
//!     log           what it says of a failure
//!     pid, process.json, console   for one command
//! ```
//!
//! The runtime's processes end with each command; the container's are orphans then, and the shim's children.

use std::fs;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use cgroup::{Cgroup, Site};
use oci::runtime::{Linux, Namespace, Process, Root, Spec};
use runtime::Io;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
use serde::{Deserialize, Serialize};
use shim_proto::{Failure, Launch, Program, RootFs};

use super::{Born, own_rootfs};
use crate::shim::refusal::{Refusal, Step};

/// The specification's version in what is handed over.
const VERSION: &str = "1.0.2";

/// Where hosts with both versions of control groups have the second: systemd's file-hierarchy(7).
const HYBRID: &str = "/sys/fs/cgroup/unified";

/// What runc puts before its causes, and the daemon after.
const PREFIXES: [&str; 4] =
    ["runc create failed: ", "runc start failed: ", "exec failed: ", "unable to start container process: "];

/// Seconds that one command of a runtime may take.
const PATIENCE: i64 = 120;

/// What the runtime is told by, all below one folder of the bundle.
#[derive(Debug)]
struct Runtime {
    program: Program,
    id: String,
    folder: PathBuf,
    cgroups: Vec<PathBuf>,
}

/// A container that waits to be started.
#[derive(Debug)]
pub(crate) struct Waiting {
    runtime: Runtime,
    pid: i32,
    pidfd: OwnedFd,
    console: Option<OwnedFd>,
}

/// A container that was started.
#[derive(Debug)]
pub(crate) struct Running(Runtime);

/// Makes a container. Where that fails nothing is left of it.
pub(crate) fn create(
    program: &Program,
    spec: &Spec,
    bundle: &Path,
    launch: &Launch,
    io: Io,
    netns: Option<OwnedFd>,
) -> Result<Waiting, Refusal> {
    let folder = bundle.join("foreign");
    fs::create_dir_all(folder.join("rootfs")).step(format_args!("make {}", folder.display()))?;
    let root = mount_root(&launch.rootfs, &folder)?;
    let (id, cgroups) = (launch.id.clone(), groups(spec, &launch.id)?);
    let runtime = Runtime { program: program.clone(), id, folder, cgroups };
    let made = runtime.write("config.json", &named_by_path(spec, root, netns.as_ref())).and_then(|()| {
        let words = ["create", "--bundle", runtime.folder.to_str().unwrap_or_default()];
        runtime.make(&words, &io)
    });
    match made {
        Ok(Born { pid, pidfd, console }) => Ok(Waiting { runtime, pid, pidfd, console }),
        Err(refusal) => {
            // The refusal is what counts; mostly there is nothing to delete.
            let _ = runtime.delete();
            Err(refusal)
        }
    }
}

/// Mounts the root file system where the runtime sees it and the host does not.
fn mount_root(rootfs: &RootFs, folder: &Path) -> Result<PathBuf, Refusal> {
    if let RootFs::Directory { path } = rootfs {
        return Ok(path.clone());
    }
    sys::clone::unshare(sys::clone::flag::NEWNS).step("leave the host's mount namespace")?;
    let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", slave).step("stop mount propagation")?;
    // crun takes no host where version 2 has controllers beside version 1's: here there is no version 2 then.
    let _ = unmount(HYBRID, UnmountFlags::DETACH);
    let target = folder.join("rootfs");
    runtime::mount_root(&own_rootfs(rootfs), &target)?;
    Ok(target)
}

/// The same specification for a program that knows paths alone.
fn named_by_path(spec: &Spec, root: PathBuf, netns: Option<&OwnedFd>) -> Spec {
    // What engines write, and the oldest runtimes take; nothing that is newer is in it.
    let mut spec = Spec { oci_version: VERSION.to_owned(), ..spec.clone() };
    spec.root = Some(Root { path: root, ..spec.root.unwrap_or_default() });
    if let Some(netns) = netns {
        let linux: &mut Linux = spec.linux.get_or_insert_default();
        linux.namespaces.retain(|namespace| namespace.kind != "network");
        // It is ours, and we outlive the container.
        let path = format!("/proc/{}/fd/{}", std::process::id(), netns.as_raw_fd());
        linux.namespaces.push(Namespace { kind: "network".to_owned(), path: Some(path.into()) });
    }
    spec
}

/// Where the runtime makes the container's control groups: it is told by the specification, as the built-in one is.
fn groups(spec: &Spec, id: &str) -> Result<Vec<PathBuf>, Refusal> {
    let given = spec.linux.as_ref().and_then(|linux| linux.cgroups_path.clone());
    let site = Site::find(&given.unwrap_or_else(|| format!("/{id}"))).map_err(system)?;
    Ok(site.groups().map(|(path, _)| path).collect())
}

fn system(error: cgroup::Error) -> Refusal {
    Refusal::system(error.to_string())
}

impl Waiting {
    pub(crate) fn init(&mut self) -> io::Result<Born> {
        Ok(Born { pid: self.pid, pidfd: self.pidfd.try_clone()?, console: self.console.take() })
    }

    pub(crate) fn cgroups(&self) -> &[PathBuf] {
        &self.runtime.cgroups
    }

    pub(crate) fn start(self) -> Result<Running, Refusal> {
        match self.runtime.quietly(&["start", &self.runtime.id]) {
            Ok(()) => Ok(Running(self.runtime)),
            Err(refusal) => {
                let _ = self.destroy();
                Err(refusal)
            }
        }
    }

    pub(crate) fn destroy(self) -> Result<(), Refusal> {
        let deleted = self.runtime.delete();
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        if ready(self.pidfd.as_fd()) {
            let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
        }
        deleted
    }
}

impl Running {
    pub(crate) fn exec(&self, process: &Process, io: &Io) -> Result<Born, Refusal> {
        self.0.write("process.json", process)?;
        let file = self.0.path("process.json");
        self.0.make(&["exec", "--detach", "--process", &file], io)
    }

    pub(crate) fn was_oom_killed(&self) -> bool {
        Cgroup::from_paths(self.0.cgroups.clone()).oom_kills() > 0
    }

    pub(crate) fn destroy(self) -> Result<(), Refusal> {
        self.0.delete()
    }
}

impl Runtime {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), Refusal> {
        let bytes = serde_json::to_vec(value).map_err(|error| Refusal::system(format!("write {name}: {error}")))?;
        fs::write(self.folder.join(name), bytes).step(format_args!("write {}", self.path(name)))
    }

    /// Runs a command that makes a process, and finds that.
    fn make(&self, words: &[&str], io: &Io) -> Result<Born, Refusal> {
        let (pid_file, socket) = (self.path("pid"), self.path("console"));
        let _ = fs::remove_file(&pid_file);
        let mut words = [words, &["--pid-file", &pid_file]].concat();
        let null = null()?;
        let console = match io {
            Io::Pipes { stdin, stdout, stderr } => {
                words.push(&self.id);
                self.run(&words, [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])?;
                None
            }
            Io::Terminal | Io::Inherit => {
                let _ = fs::remove_file(&socket);
                // By our descriptor of the folder: a path of any length would not fit into an address (unix(7)).
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let folder = rustix::fs::open(&self.folder, flags, Mode::empty()).step("open the bundle")?;
                let short = format!("/proc/{}/fd/{}/console", std::process::id(), folder.as_raw_fd());
                let listener = UnixListener::bind(&short).step(format_args!("listen at {socket}"))?;
                words.extend(["--console-socket", &short, &self.id]);
                let ran = self.run(&words, [null.as_fd(); 3]);
                let console = ran.and_then(|()| receive(&listener));
                let _ = fs::remove_file(&socket);
                Some(console?)
            }
        };
        let text = fs::read_to_string(&pid_file).step(format_args!("read {pid_file}"))?;
        let pid = text.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Refusal::system(format!("read {pid_file}: {text:?} is no process")))?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).step("find the process that the runtime has made")?;
        Ok(Born { pid: pid.as_raw_nonzero().get(), pidfd, console })
    }

    /// Runs a command that says nothing.
    fn quietly(&self, words: &[&str]) -> Result<(), Refusal> {
        let null = null()?;
        self.run(words, [null.as_fd(); 3])
    }

    /// The runtime's deletion, by force: whatever the container is at.
    fn delete(&self) -> Result<(), Refusal> {
        let deleted = self.quietly(&["delete", "--force", &self.id]);
        let _ = unmount(self.folder.join("rootfs"), UnmountFlags::DETACH);
        Cgroup::from_paths(self.cgroups.clone()).destroy().map_err(system)?;
        deleted?;
        fs::remove_dir_all(&self.folder).step(format_args!("remove {}", self.folder.display()))
    }

    fn run(&self, words: &[&str], streams: [BorrowedFd<'_>; 3]) -> Result<(), Refusal> {
        let path = &self.program.path;
        let step = || format!("run {}", path.display());
        let (log, state) = (self.path("log"), self.path("state"));
        let _ = fs::remove_file(&log);
        let own = ["--root", &state, "--log", &log, "--log-format", "json"];
        let given = self.program.args.iter().map(String::as_str);
        let args: Vec<&str> = own.into_iter().chain(given).chain(words.iter().copied()).collect();
        let fds: Vec<_> = streams.into_iter().zip(0..).collect();
        let child = spawn(path, &args, &fds).step(step())?;
        if !ready(child.pidfd.as_fd()) {
            let _ = pidfd_send_signal(&child.pidfd, Signal::KILL);
            ready(child.pidfd.as_fd());
            return Err(Refusal::system(format!("{}: no end after {PATIENCE} seconds", step())));
        }
        let status = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED).step(step())?;
        match status.and_then(|status| status.exit_status()) {
            Some(0) => Ok(()),
            code => Err(refusal(&fs::read_to_string(&log).unwrap_or_default(), &step(), code)),
        }
    }
}

/// Starts a program by path. One that is a script is started by the shell: its interpreter finds no file behind a
/// descriptor that closes on exec.
fn spawn(path: &Path, args: &[&str], fds: &[(BorrowedFd<'_>, i32)]) -> io::Result<sys::spawn::Child> {
    let open = |path: &Path| rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let text = |text: &str| std::ffi::CString::new(text).map_err(|_| io::Error::from(Errno::INVAL));
    let name = path.to_str().ok_or(Errno::INVAL)?;
    let own = [name].into_iter().chain(args.iter().copied());
    let plain: Vec<_> = own.clone().map(text).collect::<Result<_, _>>()?;
    match sys::spawn::spawn(open(path)?.as_fd(), &plain, fds) {
        Err(error) if error.raw_os_error() == Some(Errno::NOENT.raw_os_error()) => {
            let line = ["sh", "-c", "exec \"$0\" \"$@\""].into_iter().chain(own);
            let line: Vec<_> = line.map(text).collect::<Result<_, _>>()?;
            sys::spawn::spawn(open(Path::new("/bin/sh"))?.as_fd(), &line, fds)
        }
        result => result,
    }
}

/// Whether there is something to read in time, or a process has ended.
fn ready(fd: BorrowedFd<'_>) -> bool {
    let time = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&time)) {
            Err(Errno::INTR) => {}
            result => return result.is_ok_and(|count| count > 0),
        }
    }
}

fn null() -> Result<OwnedFd, Refusal> {
    rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).step("open `/dev/null`")
}

/// The terminal that a runtime sends.
fn receive(listener: &UnixListener) -> Result<OwnedFd, Refusal> {
    const STEP: &str = "receive the terminal";
    if !ready(listener.as_fd()) {
        return Err(Refusal::system(format!("{STEP}: none was sent")));
    }
    let (connection, _) = listener.accept().step(STEP)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let (mut name, mut control) = ([0; 256], RecvAncillaryBuffer::new(&mut space));
    recvmsg(&connection, &mut [IoSliceMut::new(&mut name)], &mut control, RecvFlags::CMSG_CLOEXEC).step(STEP)?;
    let sent = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    sent.ok_or_else(|| Refusal::system(format!("{STEP}: the runtime has sent something else")))
}

/// One line of a runtime's log.
#[derive(Deserialize)]
struct Line {
    level: String,
    msg: String,
}

/// What a runtime says of its failure: the last error of its log.
fn refusal(log: &str, step: &str, code: Option<i32>) -> Refusal {
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let Some(line) = lines.rfind(|line| line.level == "error" || line.level == "fatal") else {
        let end = code.map_or("killed by a signal".to_owned(), |code| format!("exit status {code}, and no word why"));
        return Refusal::system(format!("{step}: {end}"));
    };
    let cause = PREFIXES.iter().fold(line.msg.as_str(), |cause, prefix| cause.strip_prefix(prefix).unwrap_or(cause));
    // In the case that clients look for, as Go writes it and C does not.
    let cause = cause.replace("No such file or directory", "no such file or directory");
    let cause = cause.replace("Permission denied", "permission denied");
    // Their words for what has exit codes of its own; Docker looks for the same.
    let says = |parts: &[&str]| parts.iter().any(|part| cause.contains(part));
    let class = if says(&["executable file not found", "no such file or directory"]) {
        Failure::NotFound
    } else if says(&["permission denied", "is a directory", "exec format error", "Exec format error"]) {
        Failure::NotExecutable
    } else {
        Failure::Invalid
    };
    Refusal { class, message: cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_of_the_log_is_told() {
        let log = "{\"level\":\"warning\",\"msg\":\"w\"}\n{\"level\":\"error\",\"msg\":\"runc create failed: unable to start container process: exec: \\\"x\\\": executable file not found in $PATH\"}\nx\n";
        let found = refusal(log, "run crun", Some(1));
        assert_eq!(
            (found.class, found.message.as_str()),
            (Failure::NotFound, "exec: \"x\": executable file not found in $PATH")
        );
        assert_eq!(refusal("", "run crun", Some(7)).message, "run crun: exit status 7, and no word why");
        assert_eq!(refusal("", "run crun", None).message, "run crun: killed by a signal");
    }

    #[test]
    fn namespaces_and_roots_are_named_by_path() {
        let spec: Spec = serde_json::from_str(r#"{"ociVersion":"1.2.0","root":{"path":"x","readonly":true},"linux":{"namespaces":[{"type":"network"},{"type":"pid"}]}}"#).unwrap();
        let named = named_by_path(&spec, "/r".into(), Some(&null().unwrap()));
        let root = named.root.unwrap();
        assert_eq!((root.path.as_path(), root.readonly), (Path::new("/r"), true));
        let namespaces = named.linux.unwrap().namespaces;
        assert_eq!((namespaces[0].kind.as_str(), namespaces[1].kind.as_str()), ("pid", "network"));
        assert!(namespaces[1].path.as_ref().unwrap().starts_with(format!("/proc/{}/fd", std::process::id())));
        assert_eq!(named_by_path(&spec, "/r".into(), None).linux, spec.linux);
    }
}
