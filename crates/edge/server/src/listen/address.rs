//! What `-H` says.

use std::path::PathBuf;

use super::ListenError;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    /// `host:port`; an empty host is the loopback, as dockerd takes it.
    Tcp(String),
    /// Sockets that systemd has opened: all, or the ones with that number or name.
    HandedOver(String),
}

const DEFAULT_TCP: (&str, u16) = ("127.0.0.1", 2375);

impl Address {
    pub(super) fn parse(host: &str) -> Result<Self, ListenError> {
        let refused = || ListenError::Address(host.to_owned());
        match host.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') && !path.contains('\0') => Ok(Self::Unix(path.into())),
            Some(("unix", "")) => Ok(Self::Unix("/var/run/docker.sock".into())),
            Some(("tcp", rest)) => tcp(rest).map(Self::Tcp).ok_or_else(refused),
            Some(("fd", which)) => Ok(Self::HandedOver(which.to_owned())),
            _ => Err(refused()),
        }
    }
}

/// `[host][:port]` as `host:port`.
fn tcp(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (text, DEFAULT_TCP.1),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let host = if host.is_empty() { DEFAULT_TCP.0 } else { host };
    host.bytes().all(fits).then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_dockerd_reads_them() {
        let tcp = |text: &str| Address::Tcp(text.to_owned());
        assert_eq!(Address::parse("unix:///run/x.sock").unwrap(), Address::Unix("/run/x.sock".into()));
        assert_eq!(Address::parse("unix://").unwrap(), Address::Unix("/var/run/docker.sock".into()));
        assert_eq!(Address::parse("tcp://").unwrap(), tcp("127.0.0.1:2375"));
        assert_eq!(Address::parse("tcp://0.0.0.0:80").unwrap(), tcp("0.0.0.0:80"));
        assert_eq!(Address::parse("tcp://[::1]:80/").unwrap(), tcp("[::1]:80"));
        assert_eq!(Address::parse("tcp://[::1]").unwrap(), tcp("[::1]:2375"));
        assert_eq!(Address::parse("fd://").unwrap(), Address::HandedOver(String::new()));
        for bad in ["", "x", "unix://relative", "tcp://h:99999", "tcp://h:x", "tcp://a b", "ssh://h", "npipe://x"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
