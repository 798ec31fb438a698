//! Keeps browsers away from a TCP listener.
//!
//! A web page can make its visitor's browser send requests to loopback and private addresses (CSRF), and by DNS
//! rebinding even read the answers. Both show in the headers: the browser adds `Origin`, and `Host` holds the page's
//! own name. Clients of the Engine API send no `Origin`, and an address or this machine's name as `Host`.

use std::net::IpAddr;

use fault::{Fault, Result};
use http::{HeaderMap, Uri, header};

/// Checks the headers of a request that came over TLS. A page's own name is in no certificate of ours, so that a
/// rebound name ends in its browser.
///
/// # Errors
/// `Forbidden`.
pub(crate) fn check_origin(headers: &HeaderMap) -> Result<()> {
    if headers.contains_key(header::ORIGIN) {
        return Err(Fault::forbidden("requests from web pages (Origin header) are refused"));
    }
    Ok(())
}

/// Checks the headers of a request that came over plain TCP.
///
/// # Errors
/// `Forbidden`, with what to do.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap) -> Result<()> {
    check_origin(headers)?;
    // HTTP/2 has no `Host`, and a request line may hold a whole URL: each that is there must be ours.
    let authority = uri.authority().map(http::uri::Authority::as_str);
    let header = headers.get(header::HOST).map(|host| host.to_str().unwrap_or("\0"));
    let hostname = hostname();
    let Some(host) = [authority, header].into_iter().flatten().find(|host| !is_ours(host, &hostname)) else {
        return Ok(());
    };
    let host = crate::request::echo(host);
    Err(Fault::forbidden(format!(
        "host name {host} is not this machine's: use its address, or a name that begins with its host name"
    )))
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().to_lowercase()
}

/// Whether `host` (of `Host:`, with or without a port) is an address, a name of the loopback, or the machine's own.
fn is_ours(host: &str, hostname: &str) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let own = |label: &str| !hostname.is_empty() && (label == hostname || label.starts_with(&format!("{hostname}.")));
    name.is_empty()
        || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || own(&name)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_own_names_pass_and_all_others_do_not() {
        for host in
            ["", "127.0.0.1:2375", "[::1]:2375", "10.0.0.7", "localhost:1", "api.moby.localhost", "Box", "box.lan:2375"]
        {
            assert!(is_ours(host, "box"), "{host}");
        }
        for host in
            ["evil.example", "evil.example:2375", "boxer.example", "127.0.0.1.evil.example", "localhost.evil", "\0"]
        {
            assert!(!is_ours(host, "box"), "{host}");
        }
    }

    #[test]
    fn an_origin_is_refused_whatever_it_is() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:2375".parse().unwrap());
        let check = |uri: &'static str, headers: &HeaderMap| check(&Uri::from_static(uri), headers);
        assert!(check("/info", &headers).is_ok());
        assert!(check("http://evil.example/info", &headers).is_err());
        headers.insert(header::ORIGIN, "null".parse().unwrap());
        assert_eq!(check("/info", &headers).unwrap_err().kind().http_status(), 403);
    }
}
