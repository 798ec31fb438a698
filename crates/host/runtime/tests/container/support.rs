//! A process with one thread that runs cases one after another, and what they share: a root file system of static
//! busybox, a specification like Docker's, and a look at the host before and after.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use oci::runtime::{Capabilities, Linux, Mount, Namespace, Process, Root, Spec};
use runtime::{Container, Create, Created, Error, Io, RootFs, create};
use rustix::mount::MountPropagationFlags;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{WaitId, WaitIdOptions, waitid};

/// One case: its name is a sentence.
pub type Case = (&'static str, fn());

/// Runs the cases whose names hold an argument of the command line, or all.
pub fn main(cases: &[Case]) {
    if !rustix::process::geteuid().is_root() {
        eprintln!("these tests make containers: they need root");
        std::process::exit(1);
    }
    own_mounts();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut failed = Vec::new();
    for (name, case) in
        cases.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part)))
    {
        let before = Host::look();
        let passed = catch_unwind(AssertUnwindSafe(|| {
            case();
            before.compare(&Host::look());
        }))
        .is_ok();
        println!("{} {name}", if passed { "ok    " } else { "FAILED" });
        if !passed {
            failed.push(name);
            clean_up();
        }
    }
    remove_parent_cgroups();
    if !failed.is_empty() {
        eprintln!("{} failed: {failed:?}", failed.len());
        std::process::exit(1);
    }
}

/// Leaves the host's mount namespace: what others mount meanwhile is no business of these cases.
fn own_mounts() {
    sys::clone::unshare(sys::clone::flag::NEWNS).unwrap();
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
}

/// Takes away what a failed case has left, so that the next one starts clean.
fn clean_up() {
    let groups = cgroup::Cgroup::from_paths(cgroups_of_tests().into_iter().collect());
    for path in groups.paths() {
        let group = cgroup::Cgroup::from_paths(vec![path.clone()]);
        let _ = group.kill_all().and_then(|()| group.remove());
    }
    while waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG).is_ok_and(|status| status.is_some()) {}
}

/// What a container must not leave behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    mounts: BTreeSet<String>,
    cgroups: BTreeSet<PathBuf>,
    descriptors: BTreeSet<String>,
    children: String,
}

impl Host {
    /// Looks at the mounts, control groups of tests, open descriptors and children of this process.
    pub fn look() -> Self {
        let children = format!("/proc/self/task/{}/children", std::process::id());
        Self {
            mounts: fs::read_to_string("/proc/self/mountinfo").unwrap().lines().map(str::to_owned).collect(),
            cgroups: cgroups_of_tests(),
            descriptors: descriptors(),
            children: fs::read_to_string(children).unwrap(),
        }
    }

    /// Fails on a difference.
    #[track_caller]
    pub fn compare(&self, after: &Self) {
        // What vanished meanwhile was somebody else's: a mount goes when its mount point is removed elsewhere.
        let more = |before: &BTreeSet<String>, after: &BTreeSet<String>| -> Vec<_> {
            after.difference(before).cloned().collect()
        };
        let lines = [more(&self.mounts, &after.mounts), more(&self.descriptors, &after.descriptors)].concat();
        assert!(lines.is_empty(), "left on the host: {lines:#?}");
        assert_eq!((&self.cgroups, &self.children), (&after.cgroups, &after.children), "left on the host");
    }
}

fn descriptors() -> BTreeSet<String> {
    let entries = fs::read_dir("/proc/self/fd").unwrap().flatten();
    // The descriptor of this very listing is gone when it is asked for its target.
    let named =
        |name: String| fs::read_link(format!("/proc/self/fd/{name}")).ok().map(|to| format!("{name} {}", to.display()));
    entries.filter_map(|entry| named(entry.file_name().into_string().unwrap())).collect()
}

fn cgroups_of_tests() -> BTreeSet<PathBuf> {
    let layout = cgroup::Layout::read().unwrap();
    let tops = layout.hierarchies.iter().map(|hierarchy| hierarchy.mount.join(parent_cgroup()));
    tops.flat_map(|top| fs::read_dir(top).into_iter().flatten().flatten())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.path())
        .collect()
}

fn parent_cgroup() -> String {
    format!("runtime-test-{}", std::process::id())
}

/// Removes the control group that all of this process's containers are in.
fn remove_parent_cgroups() {
    for hierarchy in cgroup::Layout::read().unwrap().hierarchies {
        let _ = fs::remove_dir(hierarchy.mount.join(parent_cgroup()));
    }
}

/// A directory of this case's own, removed at its end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// Makes `root` with busybox, and `upper` and `work` beside it.
    pub fn new() -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("runtime-{}-{number}", std::process::id()));
        for name in ["root/bin", "root/etc", "upper", "work"] {
            fs::create_dir_all(path.join(name)).unwrap();
        }
        fs::copy("/bin/busybox", path.join("root/bin/busybox")).expect("busybox-static is installed");
        for applet in [
            "sh", "true", "false", "cat", "ls", "id", "mount", "sleep", "hostname", "stat", "tty", "stty", "head",
            "readlink", "mknod", "grep", "kill", "ps", "touch", "wc", "dd", "ulimit", "mkdir",
        ] {
            symlink("busybox", path.join("root/bin").join(applet)).unwrap();
        }
        let passwd = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n";
        fs::write(path.join("root/etc/passwd"), passwd).unwrap();
        fs::write(path.join("root/etc/plain"), "no program\n").unwrap();
        Self(path)
    }

    /// A path inside the image.
    pub fn image(&self, path: &str) -> PathBuf {
        self.0.join("root").join(path.trim_start_matches('/'))
    }

    /// A path beside the image.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn overlay(&self) -> RootFs {
        RootFs::Overlay {
            lower: vec![self.0.join("root")],
            upper: self.0.join("upper"),
            work: self.0.join("work"),
            volatile: false,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The set Docker gives by default.
pub const CAPABILITIES: &str = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FSETID CAP_FOWNER CAP_MKNOD CAP_NET_RAW CAP_SETGID \
    CAP_SETUID CAP_SETFCAP CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_SYS_CHROOT CAP_KILL CAP_AUDIT_WRITE";

/// A process with Docker's defaults.
pub fn process(args: &[&str]) -> Process {
    let set = words(CAPABILITIES);
    Process {
        cwd: "/".into(),
        env: vec!["PATH=/usr/sbin:/usr/bin:/sbin:/bin".into(), "TERM=xterm".into()],
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        capabilities: Some(Capabilities {
            bounding: set.clone(),
            effective: set.clone(),
            permitted: set,
            ..Capabilities::default()
        }),
        oom_score_adj: Some(0),
        ..Process::default()
    }
}

/// A mount with options joined by commas.
pub fn mount(target: &str, kind: &str, source: &str, options: &str) -> Mount {
    Mount {
        destination: target.into(),
        kind: Some(kind.to_owned()),
        source: Some(source.into()),
        options: options.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect(),
        ..Mount::default()
    }
}

/// A specification with Docker's defaults, but for the filter.
pub fn spec(args: &[&str]) -> Spec {
    let namespaces = ["mount", "network", "uts", "pid", "ipc", "cgroup"];
    let masked = "/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list \
        /proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap";
    let read_only = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger";
    let linux = Linux {
        namespaces: namespaces.map(|kind| Namespace { kind: kind.to_owned(), path: None }).to_vec(),
        masked_paths: words(masked).into_iter().map(PathBuf::from).collect(),
        readonly_paths: words(read_only).into_iter().map(PathBuf::from).collect(),
        ..Linux::default()
    };
    Spec {
        oci_version: "1.2.0".to_owned(),
        root: Some(Root { path: "rootfs".into(), readonly: false }),
        mounts: vec![
            mount("/proc", "proc", "proc", "nosuid,noexec,nodev"),
            mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
            mount("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
            mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"),
            mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
            mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864"),
        ],
        process: Some(process(args)),
        hostname: Some("box".to_owned()),
        linux: Some(linux),
        ..Spec::default()
    }
}

/// Our ends of the three streams.
pub struct Streams {
    pub stdin: OwnedFd,
    pub output: OwnedFd,
}

/// Pipes; both outputs come in one.
pub fn pipes() -> (Io, Streams) {
    let (stdin, our_stdin) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let (output, stdout) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let stderr = stdout.try_clone().unwrap();
    (Io::Pipes { stdin, stdout, stderr }, Streams { stdin: our_stdin, output })
}

/// The same with the host's null device as standard input.
pub fn pipes_with_null() -> (Io, Streams) {
    let (io, streams) = pipes();
    let Io::Pipes { stdout, stderr, .. } = io else { unreachable!("pipes") };
    let stdin = fs::File::options().read(true).write(true).open("/dev/null").unwrap().into();
    (Io::Pipes { stdin, stdout, stderr }, streams)
}

/// How a process ended and what it printed.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: i32,
    pub output: String,
}

/// A container of these tests.
pub struct Test {
    pub scratch: Scratch,
    pub spec: Spec,
    pub rootfs: Option<RootFs>,
}

impl Test {
    /// With Docker's defaults, on an overlay over busybox.
    pub fn new(args: &[&str]) -> Self {
        let mut spec = spec(args);
        let id = format!("/{}/c", parent_cgroup());
        spec.linux.as_mut().unwrap().cgroups_path = Some(id);
        Self { scratch: Scratch::new(), spec, rootfs: None }
    }

    /// With a shell script.
    pub fn shell(script: &str) -> Self {
        Self::new(&["sh", "-c", script])
    }

    pub fn process(&mut self) -> &mut Process {
        self.spec.process.as_mut().unwrap()
    }

    pub fn linux(&mut self) -> &mut Linux {
        self.spec.linux.as_mut().unwrap()
    }

    pub fn create_with(&self, io: Io) -> Result<Created, Error> {
        self.create_in(io, None)
    }

    pub fn create_in(&self, io: Io, netns: Option<OwnedFd>) -> Result<Created, Error> {
        let rootfs = self.rootfs.clone().unwrap_or_else(|| self.scratch.overlay());
        create(Create {
            id: "c",
            spec: &self.spec,
            bundle: &self.scratch.0,
            rootfs,
            io,
            netns,
            filter: None,
            extras: runtime::Extras::default(),
        })
    }

    /// Creates and starts.
    pub fn start(&self) -> Result<(Container, Streams), Error> {
        let (io, streams) = pipes();
        Ok((self.create_with(io)?.start()?, streams))
    }

    /// From creation to removal.
    pub fn run(&self) -> Result<Outcome, Error> {
        let (container, streams) = self.start()?;
        drop(streams.stdin);
        let output = read_all(streams.output);
        let code = wait(container.pidfd());
        container.destroy().unwrap();
        Ok(Outcome { code, output })
    }

    /// The output of a run that must succeed.
    #[track_caller]
    pub fn output(&self) -> String {
        let outcome = self.run().unwrap();
        assert_eq!(outcome.code, 0, "{}", outcome.output);
        outcome.output
    }

    /// The error of a creation that must fail.
    #[track_caller]
    pub fn refusal(&self) -> Error {
        self.create_with(pipes().0).expect_err("refused")
    }
}

pub fn read_all(fd: OwnedFd) -> String {
    let mut output = Vec::new();
    // A terminal's master gives an error at the end.
    let _ = fs::File::from(fd).read_to_end(&mut output);
    String::from_utf8(output).unwrap()
}

/// Reads up to the next newline, byte by byte so that nothing is taken away from later readers.
pub fn read_line(fd: &OwnedFd) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while rustix::io::read(fd, &mut byte).unwrap_or(0) == 1 && byte != *b"\n" {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

pub fn write_all(fd: &OwnedFd, text: &str) {
    fs::File::from(fd.try_clone().unwrap()).write_all(text.as_bytes()).unwrap();
}

/// Reaps a process; 128 + n for one killed by signal n.
pub fn wait(pidfd: BorrowedFd<'_>) -> i32 {
    let status = waitid(WaitId::PidFd(pidfd), WaitIdOptions::EXITED).unwrap().unwrap();
    status.exit_status().unwrap_or_else(|| 128 + status.terminating_signal().unwrap())
}

/// Runs a process in a container.
pub fn exec_with(container: &Container, process: &Process) -> Result<Outcome, Error> {
    let (io, streams) = pipes();
    let process = container.exec(process, io)?;
    drop(streams.stdin);
    let output = read_all(streams.output);
    Ok(Outcome { code: wait(process.pidfd.as_fd()), output })
}

/// Runs a shell script in a container.
pub fn exec(container: &Container, script: &str) -> Outcome {
    exec_with(container, &process(&["sh", "-c", script])).unwrap()
}

/// Ends a container.
pub fn finish(container: &Container) {
    container.signal(9).unwrap();
    wait(container.pidfd());
    container.destroy().unwrap();
}

/// A directory of the host whose content must not change.
pub fn canary(scratch: &Scratch) -> PathBuf {
    let path = scratch.beside("canary");
    fs::create_dir_all(path.join("dir")).unwrap();
    fs::write(path.join("file"), "sings").unwrap();
    path
}

/// Fails if the canary does not sing.
#[track_caller]
pub fn check_canary(path: &Path) {
    assert_eq!(fs::read_to_string(path.join("file")).unwrap(), "sings");
    assert_eq!(fs::read_dir(path.join("dir")).unwrap().count(), 0, "something was made in the canary");
    assert_eq!(fs::read_dir(path).unwrap().count(), 2, "something was made beside the canary");
}

/// A mount of the host's mount namespace, detached at the end of its scope.
pub struct HostMount(PathBuf);

impl HostMount {
    /// Shows `source` at `target`.
    pub fn bind(source: &Path, target: &Path) -> Self {
        rustix::mount::mount_bind(source, target).unwrap();
        Self(target.to_owned())
    }

    /// Makes `path` a shared mount of its own.
    pub fn shared(path: &Path) -> Self {
        let mount = Self::bind(path, path);
        rustix::mount::mount_change(path, MountPropagationFlags::PRIVATE).unwrap();
        rustix::mount::mount_change(path, MountPropagationFlags::SHARED).unwrap();
        mount
    }
}

impl Drop for HostMount {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}
