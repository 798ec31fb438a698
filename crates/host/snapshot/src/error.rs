//! Why the directories could not be changed.

use std::io;
use std::path::{Path, PathBuf};

/// A step that the kernel refused.
#[derive(Debug, thiserror::Error)]
#[error("{step} `{}`", path.display())]
pub struct Error {
    /// What was being done.
    pub step: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the kernel said.
    #[source]
    pub source: io::Error,
}

impl Error {
    /// Whether there was no space or no quota left.
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// Names the step and the path at which a call failed.
pub(crate) trait At<T> {
    fn at(self, step: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, step: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|error| Error { step, path: path.to_owned(), source: error.into() })
    }
}
