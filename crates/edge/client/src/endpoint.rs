//! Where the daemon listens.

use crate::ssh::{Ssh, SshError};
use std::fmt;
use std::path::PathBuf;

/// A daemon's address, as in `DOCKER_HOST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp {
        /// Name or address, and port.
        authority: String,
    },
    /// Another machine, by `ssh`.
    Ssh(Box<Ssh>),
}

/// An address that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// The scheme is unknown or missing; the text is Docker's.
    #[error("invalid bind address format: {0}")]
    Format(String),
    /// A scheme of Docker's which this client does not speak yet.
    #[error("cannot connect to {address}: {scheme} endpoints are not implemented yet")]
    Unsupported {
        /// The scheme.
        scheme: &'static str,
        /// The address as given.
        address: String,
    },
    /// An address of another machine that is none.
    #[error(transparent)]
    Ssh(#[from] SshError),
}

impl Endpoint {
    /// Reads an address. A bare `tcp://host` gets `default_port`.
    pub fn parse(address: &str, default_port: u16) -> Result<Endpoint, EndpointError> {
        let invalid = || EndpointError::Format(address.to_string());
        let unsupported = |scheme| EndpointError::Unsupported { scheme, address: address.to_string() };
        match address.split_once("://") {
            Some(("unix", "")) => Ok(Endpoint::Unix("/var/run/docker.sock".into())),
            Some(("unix", path)) => Ok(Endpoint::Unix(path.into())),
            Some(("tcp" | "http", rest)) => tcp(rest, default_port).ok_or_else(invalid),
            Some(("ssh", rest)) => Ok(Endpoint::Ssh(Box::new(Ssh::parse(rest)?))),
            Some(("npipe", _)) => Err(unsupported("npipe")),
            Some(("fd", _)) => Err(unsupported("fd")),
            _ => Err(invalid()),
        }
    }

    /// The value of the `Host` header; Docker's client sends a fixed name over sockets without one.
    pub(crate) fn host_header(&self) -> &str {
        match self {
            Endpoint::Unix(_) => "api.moby.localhost",
            Endpoint::Tcp { authority } => authority,
            Endpoint::Ssh(_) => "docker.example.com",
        }
    }
}

fn tcp(rest: &str, default_port: u16) -> Option<Endpoint> {
    let authority = rest.split('/').next().unwrap_or("");
    let authority = if authority.is_empty() { "localhost" } else { authority };
    let has_port =
        authority.rsplit_once(':').is_some_and(|(host, port)| !host.ends_with(':') && port.parse::<u16>().is_ok());
    let authority = match has_port {
        true if authority.starts_with(':') => format!("localhost{authority}"),
        true => authority.to_string(),
        false if authority.ends_with(':') => return None,
        false => format!("{authority}:{default_port}"),
    };
    Some(Endpoint::Tcp { authority })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(f, "unix://{}", path.display()),
            Endpoint::Tcp { authority } => write!(f, "tcp://{authority}"),
            Endpoint::Ssh(ssh) => ssh.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (address, printed) in [
            ("unix:///run/x.sock", "unix:///run/x.sock"),
            ("unix://", "unix:///var/run/docker.sock"),
            ("tcp://10.0.0.1", "tcp://10.0.0.1:2375"),
            ("tcp://:1234", "tcp://localhost:1234"),
            ("tcp://[::1]:99", "tcp://[::1]:99"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
            ("tcp://h:1/path", "tcp://h:1"),
        ] {
            assert_eq!(Endpoint::parse(address, 2375).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn unknown_schemes_are_refused() {
        assert_eq!(Endpoint::parse("foo://x", 2375).unwrap_err().to_string(), "invalid bind address format: foo://x");
        assert_eq!(
            Endpoint::parse("npipe://x", 2375).unwrap_err().to_string(),
            "cannot connect to npipe://x: npipe endpoints are not implemented yet"
        );
    }
}
