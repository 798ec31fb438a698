//! Why a container could not be made, started or entered.

use std::fmt::Display;
use std::io;

use rustix::io::Errno;

/// What kind of failure it is; Docker gives each its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The program does not exist: exit code 127.
    NotFound,
    /// The program cannot be executed: exit code 126.
    NotExecutable,
    /// The request cannot be met as it stands.
    Invalid,
    /// The host or the kernel refused.
    System,
}

/// Why a container could not be made, started or entered. The message tells step, object and cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// An error of `kind` with the whole message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The request is at fault.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// The host is at fault.
    pub(crate) fn system(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::System, message)
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The whole message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<cgroup::Error> for Error {
    fn from(error: cgroup::Error) -> Self {
        let kind = if error.is_invalid() { ErrorKind::Invalid } else { ErrorKind::System };
        Self::new(kind, error.to_string())
    }
}

/// Adds step and object to an error of the kernel.
pub(crate) trait Step<T> {
    /// Makes it `"step: cause"`, of kind [`ErrorKind::System`].
    fn step(self, step: impl Display) -> Result<T, Error>;
}

impl<T> Step<T> for Result<T, Errno> {
    fn step(self, step: impl Display) -> Result<T, Error> {
        self.map_err(|error| Error::system(format!("{step}: {}", cause(error))))
    }
}

impl<T> Step<T> for io::Result<T> {
    fn step(self, step: impl Display) -> Result<T, Error> {
        self.map_err(|error| match Errno::from_io_error(&error) {
            Some(errno) => Error::system(format!("{step}: {}", cause(errno))),
            None => Error::system(format!("{step}: {error}")),
        })
    }
}

/// The kernel's words in lower case, as users of Go programs know them: `no such file or directory`.
pub(crate) fn cause(error: Errno) -> String {
    let text = io::Error::from(error).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_named_with_its_cause() {
        let error = Err::<(), _>(Errno::ACCESS).step("mount `/proc`").unwrap_err();
        assert_eq!(error.to_string(), "mount `/proc`: permission denied");
        assert_eq!(error.kind(), ErrorKind::System);
    }
}
