//! The program criu, which stops processes into files and makes them again: criu(8).
//!
//! It is asked over a socket, one program for each job (`criu swrk`), and tells on the way where it has got to:
//!
//! ```text
//!   Criu::start ── forks; the child prepares what it was told to, and becomes criu
//!   Criu::run   ── request ──►  … ◄── notice, answer to it ──► …  ◄── response
//! ```

#![forbid(unsafe_code)]

mod log;
mod message;

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use prost::Message as _;
use rustix::io::FdFlags;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType,
    recvmsg, send, shutdown, socketpair,
};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use sys::clone::{Fork, fork};

pub use log::last_errors;
pub use message::{CgroupMode, CgroupRoot, InheritFd, Kind, Notice, Options, PageServer};
use message::{Request, Response};

/// Largest message in bytes; the program's own limit for requests is a hundredth of it.
const LARGEST: usize = 1 << 20;

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program is not there.
    #[error("the program `{0}` is not there: checkpoint and restore are its work, install the package criu")]
    Missing(String),
    /// A step on the way to it failed.
    #[error("{step}")]
    Step {
        /// Which one.
        step: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was to be prepared could not be.
    #[error("{0}")]
    Prepare(String),
    /// It ended before it had answered.
    #[error("criu has ended without an answer")]
    Ended,
    /// It says something that is not of its protocol.
    #[error("criu answers what cannot be read: {0}")]
    Unreadable(String),
    /// It says that it did not do the job.
    #[error("criu failed{}", reason(*errno, words))]
    Failed {
        /// errno(3); 0 where it tells none.
        errno: i32,
        /// In words; may be empty.
        words: String,
    },
}

fn reason(errno: i32, words: &str) -> String {
    match (words.trim(), errno) {
        ("", 0) => String::new(),
        ("", errno) => format!(": {}", io::Error::from_raw_os_error(errno)),
        (words, _) => format!(": {words}"),
    }
}

/// The program while it does a job. It is killed when this is dropped before it is done.
#[derive(Debug)]
pub struct Criu {
    pidfd: OwnedFd,
    socket: OwnedFd,
}

impl Criu {
    /// Finds the program: a name by `PATH`, or a path.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn find(name: &str) -> Result<PathBuf, Error> {
        let is_there = |path: &PathBuf| rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = match name.contains('/') {
            true => Some(PathBuf::from(name)).filter(is_there),
            false => std::env::split_paths(&path).map(|folder| folder.join(name)).find(is_there),
        };
        found.ok_or_else(|| Error::Missing(name.to_owned()))
    }

    /// Starts it. `prepare` runs in its process before it is itself, and enters control groups, say; of the descriptors
    /// behind the standard streams there are those of `keep` alone. The caller must have one thread.
    ///
    /// # Errors
    /// [`Error::Step`] and [`Error::Prepare`].
    pub fn start(program: &Path, keep: &[RawFd], prepare: impl FnOnce() -> Result<(), String>) -> Result<Self, Error> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(step("make a socket for criu"))?;
        let (heard, told) = pipe_with(PipeFlags::CLOEXEC).map_err(step("make a pipe for criu"))?;
        let started = match fork(0, None).map_err(|source| Error::Step { step: "fork", source })? {
            Fork::Child(me) => {
                // Above all not the caller's locks, which would outlive it.
                let mut kept = [keep, &[theirs.as_raw_fd(), told.as_raw_fd()]].concat();
                let closed = me.close_all_but(&mut kept).map_err(|error| format!("close descriptors: {error}"));
                let why = closed.and_then(|()| prepare()).err().unwrap_or_else(|| become_criu(program, &theirs));
                let _ = File::from(told).write_all(why.as_bytes());
                me.exit(1)
            }
            Fork::Parent { pidfd, .. } => Self { pidfd, socket: ours },
        };
        drop((theirs, told));
        let mut why = String::new();
        // The other end closes when the program is executed.
        File::from(heard)
            .read_to_string(&mut why)
            .map_err(|source| Error::Step { step: "wait for criu's start", source })?;
        if why.is_empty() { Ok(started) } else { Err(Error::Prepare(why)) }
    }

    /// Has a job done; gives the first of the processes that were made, for a restore. `told` hears of every notice, with
    /// the descriptor that comes along; when it fails, so does the job.
    ///
    /// # Errors
    /// [`Error::Failed`] and the others, and what `told` gives.
    pub fn run<E: From<Error>>(
        self,
        kind: Kind,
        options: Options,
        mut told: impl FnMut(&Notice, Option<OwnedFd>) -> Result<(), E>,
    ) -> Result<Option<i32>, E> {
        self.say(&Request { kind: kind.into(), options: Some(options), notify_success: None })?;
        let mut failure = None;
        loop {
            let (answer, fd) = self.hear()?;
            if answer.kind() == Kind::Notify {
                let outcome = told(&answer.notice.unwrap_or_default(), fd);
                let success = Some(outcome.is_ok());
                failure = failure.or(outcome.err());
                self.say(&Request { kind: Kind::Notify.into(), options: None, notify_success: success })?;
                continue;
            }
            // After a pre-dump it would wait for the next.
            let _ = shutdown(&self.socket, Shutdown::Both);
            let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
            return match (failure, answer.success) {
                (Some(failure), _) => Err(failure),
                (None, true) => Ok(answer.restored.map(|restored| restored.pid)),
                (None, false) => {
                    let (errno, words) = (answer.errno.unwrap_or(0), answer.reason.unwrap_or_default());
                    Err(Error::Failed { errno, words }.into())
                }
            };
        }
    }

    fn say(&self, request: &Request) -> Result<(), Error> {
        let sent = send(&self.socket, &request.encode_to_vec(), SendFlags::NOSIGNAL);
        sent.map(drop).map_err(step("ask criu"))
    }

    fn hear(&self) -> Result<(Response, Option<OwnedFd>), Error> {
        let mut bytes = vec![0; LARGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let heard =
            rustix::io::retry_on_intr(|| recvmsg(&self.socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC));
        let length = heard.map_err(step("hear criu"))?.bytes;
        let fd = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        if length == 0 {
            return Err(Error::Ended);
        }
        let answer = Response::decode(&bytes[..length]).map_err(|error| Error::Unreadable(error.to_string()))?;
        Ok((answer, fd))
    }
}

impl Drop for Criu {
    fn drop(&mut self) {
        // One that is done has been waited for, and nobody hears the signal.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
    }
}

fn step(step: &'static str) -> impl Fn(rustix::io::Errno) -> Error {
    move |error| Error::Step { step, source: error.into() }
}

/// Executes the program; says why that cannot be done.
fn become_criu(program: &Path, socket: &OwnedFd) -> String {
    let failed = |error: io::Error| format!("execute `{}`: {error}", program.display());
    sys::signal::reset_dispositions();
    let ready = sys::signal::unblock_all()
        .and_then(|()| Ok(rustix::io::fcntl_setfd(socket, FdFlags::empty())?))
        .map_err(failed);
    if let Err(why) = ready {
        return why;
    }
    let text = |word: &OsStr| CString::new(word.as_bytes()).unwrap_or_default();
    let number = socket.as_raw_fd().to_string();
    let words = ["criu", "swrk", &number].map(|word| text(OsStr::new(word)));
    let variables = std::env::vars_os().map(|(name, value)| text(&[name, value].join(OsStr::new("="))));
    let variables: Vec<CString> = variables.collect();
    failed(sys::exec::execve(&text(program.as_os_str()), &words, &variables))
}
