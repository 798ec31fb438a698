//! Plays the daemon: writes a bundle, spawns the stage as it would, and talks to it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use oci::runtime::{Capabilities, Linux, Mount, Namespace, Process, Root, Spec};
use rustix::process::{WaitIdOptions, waitid};
use shim_proto::{ExitPlan, ExitRecord, Launch, LogFile, Request, Response, RootFs, State, Streams, file};
use sys::spawn::Child;

pub const OUT: Streams = Streams { stdin: false, stdout: true, stderr: true };
pub const IN_OUT: Streams = Streams { stdin: true, stdout: true, stderr: true };

/// One container's bundle, and whoever serves it.
pub struct Bench {
    pub dir: tempfile::TempDir,
    pub spec: Spec,
    pub launch: Launch,
    pub shim: Option<Child>,
    pub control: Option<UnixStream>,
}

/// The stage as the daemon carries it: sealed, once for all.
pub fn stage() -> &'static std::os::fd::OwnedFd {
    static STAGE: OnceLock<std::os::fd::OwnedFd> = OnceLock::new();
    STAGE.get_or_init(|| sys::memfd::sealed(&read_stage(), c"stage").unwrap())
}

/// The program under test; the variable STAGE names another one than that of this build.
pub fn read_stage() -> Vec<u8> {
    fs::read(std::env::var("STAGE").unwrap_or_else(|_| env!("CARGO_BIN_EXE_stage").to_owned())).unwrap()
}

/// A directory that holds a root file system with busybox; the same for all, read by all.
fn lower() -> &'static Path {
    static LOWER: OnceLock<PathBuf> = OnceLock::new();
    LOWER.get_or_init(|| {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_old_roots(parent);
        let root = parent.join(format!("root-{}", std::process::id()));
        for name in ["bin", "proc", "sys", "dev", "tmp", "etc"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("bin/docker-init"), read_stage()).unwrap();
        fs::write(root.join("evil"), "#!/proc/self/exe\n").unwrap();
        for program in ["bin/docker-init", "evil"] {
            fs::set_permissions(root.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::copy("/bin/busybox", root.join("bin/busybox")).expect("busybox-static is installed");
        let names = "sh cat echo sleep true false seq yes head dd kill stty tty wc ls readlink grep chmod trap ps id";
        for name in names.split(' ') {
            let _ = std::os::unix::fs::symlink("busybox", root.join("bin").join(name));
        }
        root
    })
}

/// Of test programs that have ended: they have no last moment at which they could do it themselves.
fn remove_old_roots(parent: &Path) {
    for entry in fs::read_dir(parent).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if name.strip_prefix("root-").is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

pub fn process(args: &[&str]) -> Process {
    let names = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_FOWNER"].map(str::to_owned).to_vec();
    let capabilities =
        Capabilities { bounding: names.clone(), effective: names.clone(), permitted: names, ..Default::default() };
    Process {
        cwd: "/".into(),
        env: vec!["PATH=/bin".to_owned(), "TERM=xterm".to_owned()],
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        capabilities: Some(capabilities),
        ..Default::default()
    }
}

fn spec(id: &str, args: &[&str]) -> Spec {
    let mount = |destination: &str, kind: &str, options: &str| Mount {
        destination: destination.into(),
        kind: Some(kind.to_owned()),
        source: Some(kind.into()),
        options: options.split(',').map(str::to_owned).collect(),
        ..Default::default()
    };
    let namespaces = ["pid", "mount", "ipc", "uts", "network"];
    let namespace = |kind: &str| Namespace { kind: kind.to_owned(), path: None };
    Spec {
        oci_version: "1.2.0".to_owned(),
        root: Some(Root { path: "rootfs".into(), readonly: false }),
        mounts: vec![
            mount("/proc", "proc", "nosuid,noexec,nodev"),
            mount("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
            mount("/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
        ],
        process: Some(process(args)),
        hostname: Some("bench".to_owned()),
        linux: Some(Linux {
            namespaces: namespaces.map(namespace).to_vec(),
            cgroups_path: Some(format!("/gantry-test-{id}")),
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl Bench {
    pub fn new(args: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let dir = tempfile::tempdir().unwrap();
        let id = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let [bundle, upper, work] = ["bundle", "upper", "work"].map(|name| dir.path().join(name));
        [&bundle, &upper, &work].into_iter().for_each(|path| fs::create_dir(path).unwrap());
        let launch = Launch {
            version: shim_proto::VERSION,
            id: id.clone(),
            runtime: None,
            rootfs: RootFs::Overlay { lower: vec![lower().to_owned()], upper, work, volatile: false },
            open_stdin: false,
            stdin_once: false,
            log: Some(LogFile {
                path: dir.path().join("log"),
                max_size: 0,
                max_files: 1,
                first_number: None,
                attrs: BTreeMap::new(),
            }),
            exit: ExitPlan { path: dir.path().join("exit"), sync: true },
            filter: None,
            netns_fd: None,
            hold_fds: Vec::new(),
        };
        Self { spec: spec(&id, args), launch, dir, shim: None, control: None }
    }

    pub fn sh(script: &str) -> Self {
        Self::new(&["/bin/sh", "-c", script])
    }

    pub fn terminal(mut self) -> Self {
        self.spec.process.as_mut().unwrap().terminal = true;
        self
    }

    pub fn open_stdin(mut self, once: bool) -> Self {
        self.launch.open_stdin = true;
        self.launch.stdin_once = once;
        self
    }

    pub fn bundle(&self) -> PathBuf {
        self.dir.path().join("bundle")
    }

    /// Spawns the shim and reads its first message.
    pub fn launch(&mut self) -> Response {
        let bundle = self.bundle();
        fs::write(bundle.join(file::CONFIG), serde_json::to_vec(&self.spec).unwrap()).unwrap();
        fs::write(bundle.join(file::LAUNCH), serde_json::to_vec(&self.launch).unwrap()).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let args = [CString::from(c"shim"), CString::new(bundle.as_os_str().as_bytes()).unwrap()];
        let null = fs::File::options().read(true).write(true).open("/dev/null").unwrap();
        let fds = [(theirs.as_fd(), 0), (null.as_fd(), 1), (null.as_fd(), 2)];
        self.shim = Some(sys::spawn::spawn(stage().as_fd(), &args, &fds).unwrap());
        self.control = Some(ours);
        self.hear()
    }

    pub fn create(mut self) -> Self {
        match self.launch() {
            Response::Created { .. } => self,
            other => panic!("{other:?}: {}", self.complaints()),
        }
    }

    pub fn start(&mut self) -> i64 {
        self.tell(&Request::Start);
        match self.hear() {
            Response::Started { started_at, .. } => started_at,
            other => panic!("{other:?}: {}", self.complaints()),
        }
    }

    /// Creates and starts.
    pub fn run(self) -> Self {
        let mut bench = self.create();
        bench.start();
        bench
    }

    pub fn tell(&mut self, request: &Request) {
        shim_proto::send(self.control.as_mut().unwrap(), request).unwrap();
    }

    pub fn hear(&mut self) -> Response {
        shim_proto::receive(self.control.as_mut().unwrap()).unwrap_or_else(|error| {
            panic!("{error}: {}", fs::read_to_string(self.bundle().join(file::LOG)).unwrap_or_default())
        })
    }

    /// Waits on the control socket.
    pub fn exited(&mut self) -> ExitRecord {
        match self.hear() {
            Response::Exited { record } => record,
            other => panic!("{other:?}"),
        }
    }

    pub fn connect(&self) -> UnixStream {
        let bundle = fs::File::open(self.bundle()).unwrap();
        UnixStream::connect(format!("/proc/self/fd/{}/{}", bundle.as_raw_fd(), file::SOCKET)).unwrap()
    }

    pub fn ask(&self, request: &Request) -> (Response, UnixStream) {
        let mut stream = self.connect();
        shim_proto::send(&mut stream, request).unwrap();
        (shim_proto::receive(&mut stream).unwrap(), stream)
    }

    pub fn attach(&self, streams: Streams) -> UnixStream {
        match self.ask(&Request::Attach { exec: None, streams }) {
            (Response::Ok, stream) => stream,
            (other, _) => panic!("{other:?}"),
        }
    }

    pub fn exec(&self, name: &str, process: Process, streams: Streams) -> UnixStream {
        let process = Box::new(process);
        match self.ask(&Request::Exec { exec: name.to_owned(), process, streams }) {
            (Response::Started { .. }, stream) => stream,
            (other, _) => panic!("{other:?}"),
        }
    }

    pub fn wait(&self, exec: Option<&str>) -> ExitRecord {
        match self.ask(&Request::Wait { exec: exec.map(str::to_owned) }) {
            (Response::Exited { record }, _) => record,
            (other, _) => panic!("{other:?}"),
        }
    }

    pub fn signal(&self, signal: i32) {
        let (response, _) = self.ask(&Request::Signal { exec: None, signal });
        assert!(matches!(response, Response::Ok), "{response:?}");
    }

    pub fn state(&self) -> State {
        serde_json::from_slice(&fs::read(self.bundle().join(file::STATE)).unwrap()).unwrap()
    }

    pub fn record(&self) -> ExitRecord {
        serde_json::from_slice(&fs::read(&self.launch.exit.path).unwrap()).unwrap()
    }

    /// All that is in the log, as (stream, text).
    pub fn log(&self) -> Vec<(logdriver::Stream, String)> {
        let path = &self.launch.log.as_ref().unwrap().path;
        let mut reader = logdriver::Reader::open(path, logdriver::ReadOptions::all()).unwrap();
        let mut lines = Vec::new();
        loop {
            match reader.step().unwrap() {
                logdriver::Step::Entry(entry) => lines.push((entry.stream, String::from_utf8(entry.line).unwrap())),
                logdriver::Step::End => return lines,
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn log_text(&self) -> String {
        self.log().into_iter().map(|(_, line)| line).collect()
    }

    pub fn complaints(&self) -> String {
        fs::read_to_string(self.bundle().join(file::LOG)).unwrap_or_default()
    }

    /// Waits for the shim's end; checks that nothing is left of the container, and that there was nothing to complain of.
    pub fn gone(&mut self) {
        assert_eq!(self.complaints(), "");
        let shim = self.shim.take().unwrap();
        let ended = waitid(rustix::process::WaitId::PidFd(shim.pidfd.as_fd()), WaitIdOptions::EXITED).unwrap().unwrap();
        assert!(ended.exit_status().is_some(), "{ended:?}");
        assert!(!self.bundle().join(file::SOCKET).exists());
        for entry in fs::read_dir("/sys/fs/cgroup").unwrap() {
            let group = entry.unwrap().path().join(format!("gantry-test-{}", self.launch.id));
            assert!(!group.exists(), "{}", group.display());
        }
        assert_eq!(self.complaints(), "");
    }

    /// Runs to the end; returns the exit record.
    pub fn finish(&mut self) -> ExitRecord {
        let record = self.exited();
        self.gone();
        record
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // A failed test leaves its container running; both are ours.
        let Some(shim) = self.shim.take() else { return };
        if let Ok(state) = fs::read(self.bundle().join(file::STATE)) {
            let state: State = serde_json::from_slice(&state).unwrap();
            let _ = rustix::process::Pid::from_raw(state.init.pid)
                .map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
        }
        self.control = None;
        let _ = waitid(rustix::process::WaitId::PidFd(shim.pidfd.as_fd()), WaitIdOptions::EXITED);
    }
}

/// All that comes, taken out of Docker's frames.
pub fn demultiplex(stream: &mut UnixStream) -> (String, String) {
    let mut texts = [Vec::new(), Vec::new()];
    let mut header = [0; 8];
    while stream.read_exact(&mut header).is_ok() {
        let length = u32::from_be_bytes(header[4..].try_into().unwrap()) as usize;
        let text = &mut texts[header[0] as usize - 1];
        let old = text.len();
        text.resize(old + length, 0);
        stream.read_exact(&mut text[old..]).unwrap();
    }
    let [out, err] = texts.map(|text| String::from_utf8(text).unwrap());
    (out, err)
}

/// Reads until `wanted` has come.
pub fn read_until(stream: &mut UnixStream, wanted: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&text).contains(wanted) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Says everything and closes that direction.
pub fn say(stream: &mut UnixStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
}

impl Bench {
    /// Reads the control connection to its end.
    pub fn wait_for_control_end(&mut self) {
        let mut rest = Vec::new();
        self.control.as_mut().unwrap().read_to_end(&mut rest).unwrap();
    }

    /// A line of the shim's status, in kilobytes.
    pub fn shim_memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.state().shim.pid)).unwrap();
        let line = status.lines().find(|text| text.starts_with(line)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
