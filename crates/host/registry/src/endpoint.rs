//! Where a registry is asked, and how far it is believed.

use reqwest::Url;

use crate::settings::Settings;

/// How a host is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// HTTPS, and the certificate proves who answers.
    Verified,
    /// HTTPS with whatever certificate: the host is marked insecure.
    Unverified,
    /// HTTP: the host is marked insecure.
    Plain,
}

/// Where a registry is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host and port.
    pub base: Url,
    /// How far it is believed.
    pub trust: Trust,
}

impl Settings {
    /// Whether a host with or without a port is marked insecure.
    pub(crate) fn is_insecure(&self, authority: &str) -> bool {
        self.insecure.iter().any(|host| host.covers(authority))
    }

    /// How `url` may be asked; `None` where it is plain HTTP to a host that is not marked insecure.
    pub(crate) fn trust(&self, url: &Url) -> Option<Trust> {
        match (url.scheme(), self.is_insecure(&authority(url))) {
            ("https", true) => Some(Trust::Unverified),
            ("https", false) => Some(Trust::Verified),
            ("http", true) => Some(Trust::Plain),
            _ => None,
        }
    }

    /// The ways to ask the registry of `domain`, in the order in which they are tried.
    pub(crate) fn endpoints(&self, domain: &str) -> Vec<Endpoint> {
        let host = if domain == names::DEFAULT_DOMAIN { self.default_host.as_str() } else { domain };
        let at =
            |scheme: &str, trust| Url::parse(&format!("{scheme}://{host}/")).ok().map(|base| Endpoint { base, trust });
        let ways = if self.is_insecure(host) {
            vec![at("https", Trust::Unverified), at("http", Trust::Plain)]
        } else {
            vec![at("https", Trust::Verified)]
        };
        ways.into_iter().flatten().collect()
    }

    /// The mirrors of `domain`. A mirror on plain HTTP is one because the administrator wrote it so.
    pub(crate) fn mirrors_of(&self, domain: &str) -> Vec<Endpoint> {
        let mirrors = if domain == names::DEFAULT_DOMAIN { self.mirrors.as_slice() } else { &[] };
        let endpoint = |base: &Url| Endpoint { base: base.clone(), trust: self.trust(base).unwrap_or(Trust::Plain) };
        mirrors.iter().map(endpoint).collect()
    }
}

/// Host and port of a URL; the port is left out where it is the scheme's own.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Host and port of a URL, always with the port, as Go names what it dials.
pub fn dialled(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// Whether two URLs have the same scheme, host and port.
pub fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(domain: &str) -> Vec<String> {
        let mut settings = Settings::standard("test");
        settings.insecure.push("listed.example".parse().unwrap());
        settings.endpoints(domain).iter().map(|way| format!("{} {:?}", way.base, way.trust)).collect()
    }

    #[test]
    fn only_insecure_hosts_are_asked_in_the_clear_and_https_goes_first() {
        assert_eq!(ways("docker.io"), ["https://registry-1.docker.io/ Verified"]);
        assert_eq!(ways("reg.example:5000"), ["https://reg.example:5000/ Verified"]);
        assert_eq!(ways("10.0.0.1"), ["https://10.0.0.1/ Verified"]);
        assert_eq!(ways("localhost:5000"), ["https://localhost:5000/ Unverified", "http://localhost:5000/ Plain"]);
        assert_eq!(ways("127.0.0.1:80"), ["https://127.0.0.1:80/ Unverified", "http://127.0.0.1/ Plain"]);
        assert_eq!(ways("listed.example"), ["https://listed.example/ Unverified", "http://listed.example/ Plain"]);
    }

    #[test]
    fn the_port_is_left_out_or_not() {
        let check = |url: &str, short: &str, long: &str| {
            let url = url.parse().unwrap();
            assert_eq!((authority(&url).as_str(), dialled(&url).as_str()), (short, long));
        };
        check("https://a/x", "a", "a:443");
        check("http://a/x", "a", "a:80");
        check("https://[::1]:5000/x", "[::1]:5000", "[::1]:5000");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same = |one: &str, other: &str| is_same_origin(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(same("https://a/x", "https://a:443/y"));
        assert!(!same("https://a/", "http://a/"));
        assert!(!same("http://a:1/", "http://a:2/"));
        assert!(!same("http://a/", "http://b/"));
        assert!(!same("http://a/", "http://a.b/"));
    }
}
