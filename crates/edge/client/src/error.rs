//! What can go wrong between client and daemon, in Docker's words.

use crate::Endpoint;
use std::io;

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens at the endpoint.
    #[error("Cannot connect to the Docker daemon at {endpoint}. Is the docker daemon running?")]
    NoDaemon {
        /// Where the daemon was expected.
        endpoint: Endpoint,
        /// What connecting said.
        #[source]
        source: io::Error,
    },
    /// The socket may not be used by this user.
    #[error("permission denied while trying to connect to the Docker daemon socket at {endpoint}: {verb} {url}: dial unix {path}: connect: permission denied", path = socket_path(.endpoint))]
    PermissionDenied {
        /// Where the daemon listens.
        endpoint: Endpoint,
        /// The request's method, as Go's client prints it.
        verb: String,
        /// The request's address, quoted.
        url: String,
    },
    /// The daemon refused; `status` is HTTP's.
    #[error("Error response from daemon: {message}")]
    Daemon {
        /// The HTTP status.
        status: u16,
        /// The daemon's message.
        message: String,
    },
    /// The daemon refused without saying why.
    #[error(
        "request returned {reason} for API route and version {url}, check if the server supports the requested API version"
    )]
    Silent {
        /// The HTTP status.
        status: u16,
        /// The status's name.
        reason: String,
        /// The address of the request.
        url: String,
    },
    /// The connection failed on the way.
    #[error("error during connect: {0}")]
    Transport(String),
    /// The daemon refused our certificate, or wants one.
    #[error(
        "the server probably has client authentication (--tlsverify) enabled; check your TLS client certification settings: {0}"
    )]
    Certificate(String),
    /// The daemon's answer is not what the API says.
    #[error("{step}: {cause}")]
    Protocol {
        /// What was being read.
        step: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// Reading or writing a stream failed.
    #[error(transparent)]
    Stream(#[from] io::Error),
}

fn socket_path(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix(path) => path.display().to_string(),
        other => other.to_string(),
    }
}

impl Error {
    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Daemon { status, .. } | Error::Silent { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the object of the request does not exist.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether no daemon answered at all, so that one may be started.
    pub fn is_no_daemon(&self) -> bool {
        matches!(self, Error::NoDaemon { .. })
    }

    /// What failed while a body came.
    pub(crate) fn transport(error: impl std::error::Error + 'static) -> Error {
        Error::Transport(cause(&error).1)
    }

    /// What failed while `asked` was sent or answered.
    pub(crate) fn on_the_way(asked: &str, error: &(dyn std::error::Error + 'static)) -> Error {
        match cause(error) {
            (true, text) => Error::Certificate(format!("{asked}: {text}")),
            (false, text) => Error::Transport(format!("{asked}: {text}")),
        }
    }
}

/// The cause below the libraries' layers, and whether it is that the daemon wanted a certificate of ours.
fn cause(error: &(dyn std::error::Error + 'static)) -> (bool, String) {
    let mut text = error.to_string();
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return crate::tls::words(error);
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return cause(inner);
        }
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return (false, "EOF".into());
        }
        link = error.source();
        if let Some(cause) = link {
            text = format!("{text}: {cause}");
        }
    }
    (false, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_below_the_layers() {
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        let error = Error::on_the_way("Get \"https://h/info\"", &io::Error::other(io::Error::other(alert)));
        assert_eq!(
            error.to_string(),
            "the server probably has client authentication (--tlsverify) enabled; check your TLS client certification \
             settings: Get \"https://h/info\": remote error: tls: certificate required"
        );
        let plain = Error::on_the_way("Get \"http://h/info\"", &io::Error::other("odd"));
        assert_eq!(plain.to_string(), "error during connect: Get \"http://h/info\": odd");
    }
}
