//! What the engine answers where it is more than a body of the API.

use std::future::Future;
use std::pin::Pin;

use api::container::{PathStat, WaitResponse};
use bytes::Bytes;
use fault::Result;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::action::Stream;

/// What every answer says of the engine, without waiting for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// The engine's version.
    pub version: String,
    /// Offers what is not stable yet.
    pub experimental: bool,
    /// `1` for the classic builder, `2` for BuildKit; empty where builds are not offered.
    pub builder: &'static str,
    /// `inactive`, `active/worker`, `active/manager` …
    pub swarm: String,
}

/// A wait that has begun: nothing that happens from now on is missed.
pub type Waiting = Pin<Box<dyn Future<Output = Result<WaitResponse>> + Send>>;

/// A log being read.
pub struct Logs {
    /// The container has a terminal: the entries are answered without frames.
    pub terminal: bool,
    /// The entries, the oldest first.
    pub entries: Stream<LogEntry>,
}

/// One line of a log, or a part of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it was written to.
    pub stream: LogStream,
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// With its newline; without where it is a part.
    pub line: Bytes,
    /// What the log driver noted (`--details`): `key=value`, comma separated.
    pub details: String,
}

/// Where a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A file or directory of a container, as an archive.
pub struct Extract {
    /// What it is.
    pub stat: PathStat,
    /// The archive.
    pub archive: Stream<Bytes>,
}

/// Joined streams. The container need not run yet: then `reader` waits for its start.
pub struct Attached {
    /// There is a terminal: bytes are raw, and keys detach.
    pub terminal: bool,
    /// What the process writes: raw where there is a terminal, else in Docker's frames. Ends with the process.
    pub reader: Pin<Box<dyn AsyncRead + Send>>,
    /// What the process reads; `shutdown` is its end of file. Writing fails once nobody reads.
    pub writer: Pin<Box<dyn AsyncWrite + Send>>,
    /// The keys that detach from an exec, as given at its creation; empty for the default. Of a container, empty:
    /// there the client names them.
    pub detach_keys: String,
    /// Called when the client's keys detached it; both halves are dropped after that.
    pub detached: Box<dyn FnOnce() + Send>,
}
