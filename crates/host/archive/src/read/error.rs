//! Why an archive cannot be read.

use std::io;

use crate::text::shown;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed or broke off.
    #[error("read archive: {0}")]
    Stream(#[from] io::Error),
    /// A header is not what the format allows.
    #[error("archive: {0}")]
    Header(&'static str),
    /// An entry is not what the format allows.
    #[error("archive entry `{name}`: {problem}")]
    Entry {
        /// The entry's name, escaped.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A bound of [`crate::Limits`] is reached.
    #[error("archive: more than {limit} {what}")]
    Limit {
        /// The bound.
        limit: u64,
        /// What is counted.
        what: &'static str,
    },
}

impl ReadError {
    pub(crate) fn entry(name: &[u8], problem: &'static str) -> Self {
        Self::Entry { name: shown(name), problem }
    }
}
