//! Hosts that need no certificate, or not even TLS.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// What follows `--insecure-registry`: a host with or without a port, or a network.
///
/// A network covers addresses and the name `localhost`. Docker also covers every name that resolves into it; then who
/// answers for a name could switch its TLS off, so Gantry wants such names to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsecureHost {
    /// A host name or address; with a port, that port only.
    Host(String),
    /// All addresses of a network.
    Network(IpNet),
}

/// Why a string names no insecure host; the texts are dockerd's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsecureHostError {
    /// It has a scheme.
    #[error("insecure registry {0} should not contain '://'")]
    Scheme(String),
    /// It is no `host[:port]`.
    #[error("insecure registry {0} is not valid: invalid host {0:?}")]
    Host(String),
}

impl InsecureHost {
    /// The hosts that are insecure without being listed: this machine.
    pub fn loopback() -> Vec<Self> {
        let networks = ["127.0.0.0/8", "::1/128"];
        networks.into_iter().filter_map(|network| network.parse().ok()).map(Self::Network).collect()
    }

    /// Whether `authority`, a host with or without a port, is covered.
    pub fn covers(&self, authority: &str) -> bool {
        let host = host_of(authority);
        match self {
            InsecureHost::Host(listed) => listed.eq_ignore_ascii_case(authority) || listed.eq_ignore_ascii_case(host),
            InsecureHost::Network(network) => match address(host) {
                Some(address) => network.contains(&address),
                None => host.eq_ignore_ascii_case("localhost") && Self::loopback().contains(self),
            },
        }
    }
}

/// Whether `authority` is this machine; such requests go through no proxy.
pub fn is_loopback(authority: &str) -> bool {
    let host = host_of(authority);
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

/// `authority` without its port.
pub fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => {
            if host.contains(':') && !host.ends_with(']') { authority } else { host }
        }
        _ => authority,
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl FromStr for InsecureHost {
    type Err = InsecureHostError;

    fn from_str(text: &str) -> Result<Self, InsecureHostError> {
        if text.contains("://") {
            return Err(InsecureHostError::Scheme(text.to_owned()));
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        let valid = !text.is_empty()
            && text.len() < 512
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
        if valid { Ok(Self::Host(text.to_owned())) } else { Err(InsecureHostError::Host(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(listed: &str, authority: &str, expect: bool) {
        assert_eq!(listed.parse::<InsecureHost>().unwrap().covers(authority), expect, "{listed} {authority}");
    }

    #[test]
    fn hosts_ports_and_networks() {
        check("reg.example", "reg.example", true);
        check("reg.example", "reg.example:5000", true);
        check("reg.example:5000", "reg.example:5000", true);
        check("reg.example:5000", "reg.example", false);
        check("reg.example:5000", "reg.example:443", false);
        check("reg.example", "x.reg.example", false);
        check("Reg.Example", "reg.example", true);
        check("10.0.0.0/8", "10.1.2.3:5000", true);
        check("10.0.0.0/8", "11.1.2.3", false);
        check("10.0.0.0/8", "localhost", false);
        check("127.0.0.0/8", "localhost:5000", true);
        check("::1/128", "[::1]:5000", true);
        check("::1/128", "[::2]:5000", false);
        check("[::2]:5000", "[::2]:5000", true);
        check("127.0.0.0/8", "localhost.example", false);
    }

    #[test]
    fn bad_ones_are_refused() {
        for text in ["http://x", "", "a b", "x/y", "x\0", &"x".repeat(1 << 20)] {
            assert!(text.parse::<InsecureHost>().is_err());
        }
    }

    #[test]
    fn hosts_without_their_ports() {
        assert_eq!(host_of("a:1"), "a");
        assert_eq!(host_of("a"), "a");
        assert_eq!(host_of("[::1]:80"), "[::1]");
        assert_eq!(host_of("[::1]"), "[::1]");
        assert_eq!(host_of("::1"), "::1");
        assert!(is_loopback("127.9.9.9:1") && is_loopback("LOCALHOST") && is_loopback("[::1]:5000"));
        assert!(!is_loopback("example.com") && !is_loopback("10.0.0.1"));
    }
}
