//! Why the blob store refused.

use std::io;
use std::path::{Path, PathBuf};

use names::Digest;

/// Why the blob store refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused a step.
    #[error("{step} `{}`", path.display())]
    Step {
        /// What was being done.
        step: &'static str,
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The bytes have another digest.
    #[error("content has digest {actual}, wanted {wanted}")]
    Digest {
        /// What was asked for.
        wanted: Digest,
        /// What came.
        actual: Digest,
    },
    /// There are more or fewer bytes.
    #[error("content {wanted} has {actual} bytes, announced were {size}")]
    Size {
        /// What was asked for.
        wanted: Digest,
        /// The announced size in bytes.
        size: u64,
        /// What came, in bytes.
        actual: u64,
    },
    /// There is no such blob.
    #[error("no blob {0}")]
    Missing(Digest),
}

impl Error {
    pub(crate) fn step(step: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Step { step, path: path.to_owned(), source: source.into() }
    }

    /// Whether there was no space or no quota left.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Step { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}
