//! Why a layer cannot be unpacked.

use std::io;

use rustix::io::Errno;

use crate::read::ReadError;
use crate::text::shown;

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry asks for something that it may not have.
    #[error("entry `{name}`: {problem}")]
    Refused {
        /// The entry's name, escaped.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The kernel refused a step.
    #[error("{step} `{name}`")]
    Step {
        /// What was being done.
        step: &'static str,
        /// The entry's name, escaped.
        name: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

impl UnpackError {
    pub(crate) fn refused(name: &[u8], problem: &'static str) -> Self {
        Self::Refused { name: shown(name), problem }
    }

    /// Whether there was no space or no quota left.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Step { source, .. }
            if [Errno::NOSPC, Errno::DQUOT].map(|errno| Some(errno.raw_os_error())).contains(&source.raw_os_error()))
    }
}

/// Names the step and the entry at which a call failed.
pub(super) trait At<T> {
    fn at(self, step: &'static str, name: &[u8]) -> Result<T, UnpackError>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, step: &'static str, name: &[u8]) -> Result<T, UnpackError> {
        self.map_err(|error| UnpackError::Step { step, name: shown(name), source: error.into() })
    }
}
