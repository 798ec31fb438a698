//! Addresses of receivers, as far as Go's `net/url` and `net` would take them, with their words for what they do not.

use human::quote;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// A name or an address without brackets; empty for this host.
    pub(crate) host: String,
    /// The port, where one is given.
    pub(crate) port: Option<String>,
}

impl HostPort {
    /// As Go writes it in errors: an address of version 6 in brackets.
    pub(crate) fn show(&self) -> String {
        let port = self.port.as_deref().unwrap_or_default();
        if self.host.contains(':') { format!("[{}]:{port}", self.host) } else { format!("{}:{port}", self.host) }
    }
}

/// The parts of `scheme://authority/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) path: &'a str,
    /// What follows the path: a query, a fragment.
    pub(crate) rest: &'a str,
}

/// Splits an address that has a scheme; `None` where it has none.
pub(crate) fn split(address: &str) -> Option<Result<Url<'_>, String>> {
    let (scheme, after) = address.split_once("://")?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, path) = after.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (path, rest) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let url = Url { scheme, authority, path, rest };
    Some(match wrong(authority) {
        Some(why) => Err(format!("parse {}: {why}", quote(address))),
        None => Ok(url),
    })
}

fn wrong(authority: &str) -> Option<String> {
    if let Some(at) = authority.find('%').filter(|&at| !is_escape(&authority[at + 1..])) {
        let escape: String = authority[at..].chars().take(3).collect();
        return Some(format!("invalid URL escape {}", quote(&escape)));
    }
    let port = match authority.strip_prefix('[') {
        Some(inside) => match inside.rsplit_once(']') {
            Some((_, port)) => port,
            None => return Some("missing ']' in host".into()),
        },
        None => authority.rfind(':').map_or("", |colon| &authority[colon..]),
    };
    let fine = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    (!fine).then(|| format!("invalid port {} after host", quote(port)))
}

fn is_escape(text: &str) -> bool {
    text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}

/// Splits `host:port`, `[address]:port`, or either without its port.
pub(crate) fn host_port(text: &str) -> Result<HostPort, String> {
    let too_many = || format!("address {text}: too many colons in address");
    let (host, port) = match text.strip_prefix('[') {
        Some(inside) => match inside.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(too_many)?)),
            None => return Err(format!("address {text}: missing ']' in address")),
        },
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(too_many()),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    Ok(HostPort { host: host.to_owned(), port: port.filter(|port| !port.is_empty()).map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_refused_in_go_s_words() {
        for (address, why) in [
            ("tcp://h:abc", r#"parse "tcp://h:abc": invalid port ":abc" after host"#),
            ("tcp://%zz", r#"parse "tcp://%zz": invalid URL escape "%zz""#),
            ("tcp://[::1", r#"parse "tcp://[::1": missing ']' in host"#),
        ] {
            assert_eq!(split(address).unwrap().unwrap_err(), why);
        }
        assert!(split("localhost:514").is_none());
        let url = split("https://u@h:1/p?q").unwrap().unwrap();
        assert_eq!((url.scheme, url.authority, url.path, url.rest), ("https", "h:1", "/p", "?q"));
    }

    #[test]
    fn hosts_and_ports() {
        let parts = |text: &str| host_port(text).map(|parsed| (parsed.host, parsed.port.unwrap_or_default()));
        assert_eq!(parts("h:1").unwrap(), ("h".into(), "1".into()));
        assert_eq!(parts("[::1]:1").unwrap(), ("::1".into(), "1".into()));
        assert_eq!(parts("[::1]").unwrap(), ("::1".into(), String::new()));
        assert_eq!(parts("").unwrap(), (String::new(), String::new()));
        assert_eq!(parts("h:1:2").unwrap_err(), "address h:1:2: too many colons in address");
        assert_eq!(host_port("[::1]:5").unwrap().show(), "[::1]:5");
    }
}
