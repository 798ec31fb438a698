//! Why an archive cannot be written.

use std::io;

use crate::text::shown;

/// Why an archive cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The receiver of the archive failed.
    #[error("write archive: {0}")]
    Write(#[source] io::Error),
    /// The content of an entry is shorter than its header says.
    #[error("write archive: `{0}` became shorter meanwhile")]
    Shrunk(String),
    /// What is to be packed cannot be read.
    #[error("{step} `{name}`")]
    Source {
        /// What was being done.
        step: &'static str,
        /// The file, relative to the tree, escaped.
        name: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

impl PackError {
    pub(super) fn source(step: &'static str, name: &[u8], source: impl Into<io::Error>) -> Self {
        Self::Source { step, name: shown(name), source: source.into() }
    }
}
