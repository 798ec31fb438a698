//! Why a request was not met.

use shim_proto::{Failure, Response};

/// A failure as the daemon is told it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) class: Failure,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { class: Failure::Invalid, message: message.into() }
    }

    pub(crate) fn system(message: impl Into<String>) -> Self {
        Self { class: Failure::System, message: message.into() }
    }

    pub(crate) fn no_such_process(message: impl Into<String>) -> Self {
        Self { class: Failure::NoSuchProcess, message: message.into() }
    }
}

impl From<Refusal> for Response {
    fn from(Refusal { class, message }: Refusal) -> Self {
        Self::Failed { class, message }
    }
}

impl From<runtime::Error> for Refusal {
    fn from(error: runtime::Error) -> Self {
        let class = match error.kind() {
            runtime::ErrorKind::NotFound => Failure::NotFound,
            runtime::ErrorKind::NotExecutable => Failure::NotExecutable,
            runtime::ErrorKind::Invalid => Failure::Invalid,
            runtime::ErrorKind::System => Failure::System,
        };
        Self { class, message: error.message().to_owned() }
    }
}

/// Adds the step to an error of the kernel.
pub(crate) trait Step<T> {
    fn step(self, step: impl std::fmt::Display) -> Result<T, Refusal>;
}

impl<T, E: Into<std::io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl std::fmt::Display) -> Result<T, Refusal> {
        self.map_err(|error| Refusal::system(format!("{step}: {}", error.into())))
    }
}
