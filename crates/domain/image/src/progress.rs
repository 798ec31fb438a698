//! What a pull, load or import tells on the way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How often a layer's progress is told at most.
pub(crate) const TELL_EVERY: Duration = Duration::from_millis(100);

/// The state of one layer or of the whole; `Display` gives Docker's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// `Pulling from library/busybox`.
    PullingFrom(String),
    /// The layer will be fetched.
    PullingFsLayer,
    /// It waits for its turn.
    Waiting,
    /// Its bytes come in.
    Downloading {
        /// Bytes so far.
        current: u64,
        /// All bytes.
        total: u64,
    },
    /// The digest is compared.
    VerifyingChecksum,
    /// All bytes are there.
    DownloadComplete,
    /// It is being unpacked.
    Extracting {
        /// Compressed bytes so far.
        current: u64,
        /// All compressed bytes.
        total: u64,
    },
    /// It is unpacked.
    PullComplete,
    /// It was there before.
    AlreadyExists,
    /// A layer of an archive is being unpacked.
    LoadingLayer {
        /// Bytes so far.
        current: u64,
        /// All bytes.
        total: u64,
    },
    /// `Digest: sha256:…`.
    Digest(String),
    /// `Status: …`.
    Summary(String),
    /// A line of its own.
    Line(String),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::PullingFrom(repository) => return write!(f, "Pulling from {repository}"),
            Self::Digest(digest) => return write!(f, "Digest: {digest}"),
            Self::Summary(text) => return write!(f, "Status: {text}"),
            Self::Line(text) => return f.write_str(text),
            Self::PullingFsLayer => "Pulling fs layer",
            Self::Waiting => "Waiting",
            Self::Downloading { .. } => "Downloading",
            Self::VerifyingChecksum => "Verifying Checksum",
            Self::DownloadComplete => "Download complete",
            Self::Extracting { .. } => "Extracting",
            Self::PullComplete => "Pull complete",
            Self::AlreadyExists => "Already exists",
            Self::LoadingLayer { .. } => "Loading layer",
        };
        f.write_str(fixed)
    }
}

impl Status {
    /// How far it is, in bytes: so far and in all.
    pub fn amount(&self) -> Option<(u64, u64)> {
        match *self {
            Self::Downloading { current, total }
            | Self::Extracting { current, total }
            | Self::LoadingLayer { current, total } => Some((current, total)),
            _ => None,
        }
    }
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about: a tag, the first digits of a layer's digest, or empty for the whole.
    pub id: String,
    /// What happened.
    pub status: Status,
}

/// Where events go. It is called from several threads and must not wait.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(Event) + Send + Sync>);

impl Progress {
    /// Calls `sink` for each event.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Tells nobody.
    pub fn none() -> Self {
        Self::new(|_| {})
    }

    pub(crate) fn tell(&self, id: impl Into<String>, status: Status) {
        (self.0)(Event { id: id.into(), status });
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
