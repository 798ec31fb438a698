//! Why a command failed.

use std::fmt;

/// Why a command failed, in one line, and the exit code for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    code: u8,
}

impl Error {
    /// An error with runc's usual exit code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The same with another exit code.
    pub fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Puts what was going on before the message.
    pub fn during(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<runtime::Error> for Error {
    fn from(error: runtime::Error) -> Self {
        Self::new(error.message())
    }
}

impl From<cgroup::Error> for Error {
    fn from(error: cgroup::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Adds step and object to an error of the system.
pub trait Step<T> {
    /// Makes it `"step: cause"`.
    fn step(self, step: impl fmt::Display) -> Result<T, Error>;
}

impl<T> Step<T> for std::io::Result<T> {
    fn step(self, step: impl fmt::Display) -> Result<T, Error> {
        self.map_err(|error| {
            let text = error.to_string();
            let cause = text.split(" (os error").next().unwrap_or_default();
            let mut letters = cause.chars();
            let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
            Error::new(format!("{step}: {first}{}", letters.as_str()))
        })
    }
}

impl<T> Step<T> for Result<T, rustix::io::Errno> {
    fn step(self, step: impl fmt::Display) -> Result<T, Error> {
        self.map_err(std::io::Error::from).step(step)
    }
}

impl<T> Step<T> for serde_json::Result<T> {
    fn step(self, step: impl fmt::Display) -> Result<T, Error> {
        self.map_err(|error| Error::new(format!("{step}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_and_cause_in_lower_case() {
        let error = Err::<(), _>(rustix::io::Errno::NOENT).step("open `/x`").unwrap_err();
        assert_eq!(error.to_string(), "open `/x`: no such file or directory");
        assert_eq!(error.clone().during("runc create failed").with_code(7).code(), 7);
    }
}
