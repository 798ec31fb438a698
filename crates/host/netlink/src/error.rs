//! Why a netlink request failed.

use std::io;

/// Why a netlink request failed: the step with its object, what the kernel says in words, and the cause.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket itself does not work.
    #[error("netlink socket: {step}")]
    Socket {
        /// What was tried.
        step: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The kernel refused a request.
    #[error("{step}{}", in_words(.explanation))]
    Refused {
        /// The step and its object: "add veth `veth0`".
        step: String,
        /// The kernel's own words, where it has some (`NLMSGERR_ATTR_MSG`).
        explanation: Option<String>,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The kernel's answer makes no sense.
    #[error("{step}: malformed answer")]
    Malformed {
        /// What was asked.
        step: String,
    },
}

fn in_words(explanation: &Option<String>) -> String {
    explanation.as_ref().map(|words| format!(": {}", words.trim_end_matches('.'))).unwrap_or_default()
}

impl Error {
    /// The error number, where the kernel gave one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::Socket { source, .. } | Error::Refused { source, .. } => source.raw_os_error(),
            Error::Malformed { .. } => None,
        }
    }

    /// Whether the kernel answered with this error.
    pub fn is(&self, errno: rustix::io::Errno) -> bool {
        self.errno() == Some(errno.raw_os_error())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_names_step_object_words_and_cause() {
        let error = Error::Refused {
            step: "add bridge `x`".into(),
            explanation: Some("Invalid name.".into()),
            source: io::Error::from_raw_os_error(22),
        };
        assert_eq!(error.to_string(), "add bridge `x`: Invalid name");
        assert!(error.source().unwrap().to_string().starts_with("Invalid argument"));
        assert!(error.is(rustix::io::Errno::INVAL));
    }
}
