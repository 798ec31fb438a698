//! What the daemon and a container's shim say to each other.
//!
//! ```text
//! daemon                                             shim                                   container's PID 1
//!   │ writes <bundle>/config.json, shim.json           │                                          │
//!   │ spawns `shim <bundle>`, fd 0 = control socket ──►│ clone3, cgroups, mounts ────────────────►│ waits at the gate
//!   │ ◄───────────────────────── Created {pid} ────────│ listens on <bundle>/shim.sock            │
//!   │ Attach {…} on new connections to shim.sock ─────►│                                          │
//!   │ Start (control) ────────────────────────────────►│ opens the gate ─────────────────────────►│ execve
//!   │ ◄───────────────────────── Started | Failed ─────│                                          │
//!   │           … Exec, Signal, Resize, Wait, State on new connections …                          │
//!   │ ◄───────────────────────── Exited {record} ──────│ writes the exit record, then tells ◄─────│ exits
//! ```
//!
//! Every connection to `shim.sock` carries one request: a frame, answered by a frame. After the answer to `Attach` and
//! to an attached `Exec` the connection turns into a byte stream: upwards what the container prints (Docker's
//! multiplexed frames, or raw bytes where there is a terminal), downwards its standard input, ended by a half-close.
//! `Wait` is answered when the process has ended. A frame is a little-endian 32-bit length and that many bytes of JSON.
//!
//! What the ends of connections mean:
//! - The daemon closes the control connection before `Start`: everything is taken back. Later: nothing.
//! - The shim answers `Exited` as soon as the record is written, and closes the control connection, and those of `Wait`
//!   for PID 1, when nothing is left of the container but attached clients that have yet to read their output.
//! - The shim closes a connection without an answer: the container had ended; its record tells the rest. A record that
//!   is empty or no JSON was cut off by a power cut before anybody was told of it, and counts as none.
//! - A client that is attached shuts down its direction: its input has ended. It closes: it is not interested any more.
//!   The shim closes: the process, or the container, has ended, and all of its output has been sent.
//!
//! A shim outlives daemon upgrades by months: fields are only ever added, and unknown ones are ignored.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of this protocol that a shim writes into its [`State`].
pub const VERSION: u32 = 1;

/// No frame is longer, in bytes. The longest carry a process with its environment.
pub const MAX_FRAME: u32 = 16 << 20;

/// Names of the files in a bundle.
pub mod file {
    /// The OCI runtime specification of the container.
    pub const CONFIG: &str = "config.json";
    /// The shim's own orders: [`super::Launch`].
    pub const LAUNCH: &str = "shim.json";
    /// The socket on which the shim serves.
    pub const SOCKET: &str = "shim.sock";
    /// Who is alive: [`super::State`].
    pub const STATE: &str = "state.json";
    /// Where an exit record is that found no room in its own place: [`super::ExitRecord`].
    pub const EXIT: &str = "exit.json";
    /// What the shim has to complain about, as text.
    pub const LOG: &str = "shim.log";
}

/// The shim's orders for one container: `shim.json` in the bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Launch {
    /// The protocol's version.
    pub version: u32,
    /// The container's id.
    pub id: String,
    /// What makes the container; the built-in runtime where nothing is named.
    #[serde(default)]
    pub runtime: Option<Program>,
    /// Where the root file system comes from.
    pub rootfs: RootFs,
    /// Whether standard input stays open for attached clients (`docker run -i`).
    pub open_stdin: bool,
    /// Whether standard input closes when its first attached client leaves.
    pub stdin_once: bool,
    /// Where the output is logged; nowhere for the `none` driver.
    pub log: Option<LogFile>,
    /// Where the exit record goes.
    pub exit: ExitPlan,
    /// A file with the specification's system call filter, compiled. Where there is none the shim compiles it.
    #[serde(default)]
    pub filter: Option<PathBuf>,
    /// Inherited descriptor of the network namespace to join, where the specification does not name a path.
    pub netns_fd: Option<i32>,
    /// Further inherited descriptors that the shim holds open as long as it lives (reserved ports).
    #[serde(default)]
    pub hold_fds: Vec<i32>,
}

/// Another OCI runtime, with runc's command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its path on the host.
    pub path: PathBuf,
    /// Its arguments before the command.
    #[serde(default)]
    pub args: Vec<String>,
}

/// Where a root file system comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootFs {
    /// A directory that is the root as it stands.
    Directory {
        /// Its path on the host.
        path: PathBuf,
    },
    /// Layers under a writable directory, mounted in the container's mount namespace alone.
    Overlay {
        /// Read-only layers, the topmost first; at least one.
        lower: Vec<PathBuf>,
        /// The writable layer.
        upper: PathBuf,
        /// The kernel's scratch directory, on the same file system as `upper`.
        work: PathBuf,
        /// Whether what is written may be lost with the host's power: the end of the container then syncs nothing. Such a
        /// layer cannot be mounted a second time.
        #[serde(default)]
        volatile: bool,
    },
}

/// A json-file log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// The current file; rotated ones get `.1`, `.2` … appended, the newest lowest.
    pub path: PathBuf,
    /// Size in bytes at which the file is rotated; 0 for never.
    pub max_size: u64,
    /// How many files there are at most, the current one included; at least 1.
    pub max_files: u32,
    /// The number of the next record, where records are numbered.
    #[serde(default)]
    pub first_number: Option<u64>,
    /// What goes into each line's `attrs` (the `labels` and `env` options of the driver).
    #[serde(default)]
    pub attrs: std::collections::BTreeMap<String, String>,
}

/// Where and how the exit record is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExitPlan {
    /// The record's path.
    pub path: PathBuf,
    /// Whether the record is synced before anyone is told. A container that is removed at its end needs no sync.
    pub sync: bool,
}

/// What a shim writes to `state.json` when its container is created, and again when it is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The protocol's version.
    pub version: u32,
    /// The shim itself.
    pub shim: Process,
    /// The container's PID 1.
    pub init: Process,
    /// When the container was started, in nanoseconds since 1970; absent while it waits at the gate.
    pub started_at: Option<i64>,
    /// The directories of its control groups, on every hierarchy.
    pub cgroups: Vec<PathBuf>,
}

/// A process that cannot be mistaken for a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id in the host's namespace.
    pub pid: i32,
    /// Field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)), in clock ticks since boot.
    pub start_time: u64,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// 0–255; 128 + the signal's number for one that was killed.
    pub exit_code: i32,
    /// Whether the kernel killed something in the container for lack of memory.
    #[serde(default)]
    pub oom_killed: bool,
    /// When, in nanoseconds since 1970.
    pub exited_at: i64,
    /// When it had been started, in nanoseconds since 1970; absent where it never was.
    #[serde(default)]
    pub started_at: Option<i64>,
    /// Why it never ran, where that is so.
    #[serde(default)]
    pub error: Option<String>,
}

/// What the daemon asks. `exec: None` means the container's PID 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Opens the gate. Only on the control socket, which serves nothing else.
    Start,
    /// Joins the streams of PID 1 or of an exec: answered by `Ok`, then a byte stream.
    Attach {
        /// The exec to attach to.
        #[serde(default)]
        exec: Option<String>,
        /// Which streams are wanted.
        #[serde(flatten)]
        streams: Streams,
    },
    /// Runs a process in the container: answered by `Started` or `Failed`; then, where any stream is wanted, a byte
    /// stream that ends when the process and its output have.
    Exec {
        /// Names the exec in later requests.
        exec: String,
        /// What to run.
        process: Box<oci::runtime::Process>,
        /// Which streams are wanted.
        #[serde(flatten)]
        streams: Streams,
    },
    /// Sends a signal.
    Signal {
        /// To the exec, or to PID 1.
        #[serde(default)]
        exec: Option<String>,
        /// The signal's number.
        signal: i32,
    },
    /// Sets the size of the terminal.
    Resize {
        /// Of the exec, or of PID 1.
        #[serde(default)]
        exec: Option<String>,
        /// Rows.
        rows: u16,
        /// Columns.
        columns: u16,
    },
    /// Answered by `Exited` when the process has ended, at once where it has already.
    Wait {
        /// The exec, or PID 1.
        #[serde(default)]
        exec: Option<String>,
    },
    /// Closes a socket that was inherited to hold a port of the host: what is bound to this address, of this protocol's
    /// number. One that is not held is no failure.
    Release {
        /// The host's address.
        ip: std::net::Ipv4Addr,
        /// The host's port.
        port: u16,
        /// Whether it is UDP's, and not TCP's.
        udp: bool,
    },
    /// Answered by `State`.
    State,
}

/// Streams that a client wants to be joined with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Bytes from the client to the process.
    pub stdin: bool,
    /// Standard output (the terminal, where there is one).
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

impl Streams {
    /// Whether any is wanted.
    pub fn any(self) -> bool {
        self.stdin || self.stdout || self.stderr
    }
}

/// What the shim answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "re", rename_all = "snake_case")]
pub enum Response {
    /// Done.
    Ok,
    /// The container is set up and waits at the gate. On the control socket, unasked.
    Created {
        /// Its PID 1 in the host's namespace.
        pid: i32,
    },
    /// The process executes its program.
    Started {
        /// Its id in the host's namespace.
        pid: i32,
        /// When, in nanoseconds since 1970.
        started_at: i64,
    },
    /// The process has ended. On the control socket also unasked.
    Exited {
        /// How.
        record: ExitRecord,
    },
    /// Who is alive.
    State {
        /// As in `state.json`.
        state: State,
    },
    /// Refused.
    Failed {
        /// What kind of failure.
        class: Failure,
        /// Step, object and cause, in the words that Docker's users know where there are such.
        message: String,
    },
}

/// Kinds of failure that the daemon must tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The program does not exist: exit code 127.
    NotFound,
    /// The program cannot be executed: exit code 126.
    NotExecutable,
    /// The request cannot be met as it stands (a limit that is too low, a user that does not exist).
    Invalid,
    /// The named exec does not exist, or has ended.
    NoSuchProcess,
    /// The host or the kernel refused.
    System,
}

/// Writes one frame.
pub fn send<T: Serialize>(stream: &mut impl Write, message: &T) -> io::Result<()> {
    stream.write_all(&encode(message)?)
}

/// Reads one frame. The end of the stream is `UnexpectedEof`.
pub fn receive<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = check_length(length)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    decode(&body)
}

/// The bytes of one frame.
pub fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = u32::try_from(frame.len() - 4).ok().filter(|&length| length <= MAX_FRAME);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "shim frame: too long"))?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// The body's length in bytes, from a frame's first four bytes.
pub fn check_length(header: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(header);
    if length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("shim frame: {length} bytes announced")));
    }
    Ok(length as usize)
}

/// The message in a frame's body.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("shim frame: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_way_and_absurd_lengths_are_refused() {
        let mut wire = Vec::new();
        let request = Request::Attach { exec: None, streams: Streams { stdout: true, ..Streams::default() } };
        send(&mut wire, &request).unwrap();
        let back: Request = receive(&mut wire.as_slice()).unwrap();
        assert!(matches!(back, Request::Attach { exec: None, streams } if streams.stdout && !streams.stdin));
        assert!(receive::<Request>(&mut [0xff, 0xff, 0xff, 0xff].as_slice()).is_err());
        assert!(receive::<Request>(&mut wire[..wire.len() - 1].as_ref()).is_err());
    }
}
