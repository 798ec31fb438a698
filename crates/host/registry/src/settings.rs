//! What a daemon tells its registry client once.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::insecure::InsecureHost;
use crate::retry::Backoff;

/// The host that answers for [`names::DEFAULT_DOMAIN`]. It is part of Docker's contract.
pub const DEFAULT_HOST: &str = "registry-1.docker.io";

/// What a daemon tells its registry client once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Hosts that need no certificate, or not even TLS.
    pub insecure: Vec<InsecureHost>,
    /// Mirrors of the default registry, the best first; see [`Settings::mirror`].
    pub mirrors: Vec<Url>,
    /// The host that answers for the default domain.
    pub default_host: String,
    /// Hosts of token realms that get passwords of registries whose identity nothing proves.
    pub realms: Vec<String>,
    /// The directory with certificates by registry: `<host:port>/{*.crt,*.cert,*.key}`, as `/etc/docker/certs.d`.
    pub certificates: Option<PathBuf>,
    /// The `User-Agent`.
    pub user_agent: String,
    /// Bounds of all waits.
    pub deadlines: Deadlines,
    /// How often and how soon something is tried again.
    pub backoff: Backoff,
}

/// Bounds of all waits.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a connection with its TLS handshake.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub answer: Duration,
    /// For the next 16 KiB of a body, or its end.
    pub idle: Duration,
    /// The longest `Retry-After` that is obeyed; a longer one is an error at once.
    pub retry_after: Duration,
}

/// Why a setting is refused; the texts are dockerd's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It is no URL.
    #[error("invalid mirror: {0:?} is not a valid URI")]
    NotAUrl(String),
    /// It is neither `http` nor `https`.
    #[error("invalid mirror: unsupported scheme {scheme:?} in {url:?}")]
    Scheme {
        /// The scheme.
        scheme: String,
        /// The whole.
        url: String,
    },
    /// It has a path, a query or a fragment.
    #[error("invalid mirror: path, query, or fragment at end of the URI {0:?}")]
    Tail(String),
    /// It has a user or a password.
    #[error("invalid mirror: username/password not allowed in URI {0:?}")]
    User(String),
}

impl Settings {
    /// Docker's defaults: loopback is insecure, no mirrors, certificates in `/etc/docker/certs.d`.
    pub fn standard(user_agent: impl Into<String>) -> Self {
        Self {
            insecure: InsecureHost::loopback(),
            mirrors: Vec::new(),
            default_host: DEFAULT_HOST.to_owned(),
            realms: Vec::new(),
            certificates: Some(PathBuf::from("/etc/docker/certs.d")),
            user_agent: user_agent.into(),
            deadlines: Deadlines {
                connect: Duration::from_secs(30),
                answer: Duration::from_secs(60),
                idle: Duration::from_secs(60),
                retry_after: Duration::from_secs(30),
            },
            backoff: Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(5), tries: 5 },
        }
    }

    /// Checks what follows `--registry-mirror`.
    pub fn mirror(text: &str) -> Result<Url, SettingsError> {
        let url: Url = text.parse().map_err(|_| SettingsError::NotAUrl(text.to_owned()))?;
        let text = text.to_owned();
        if !matches!(url.scheme(), "http" | "https") {
            Err(SettingsError::Scheme { scheme: url.scheme().to_owned(), url: text })
        } else if !url.username().is_empty() || url.password().is_some() {
            Err(SettingsError::User(url_without_password(&url)))
        } else if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            Err(SettingsError::Tail(text))
        } else {
            Ok(url)
        }
    }
}

fn url_without_password(url: &Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() {
        let _ = url.set_password(Some("xxxxx"));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_checked_as_docker_checks_them() {
        assert_eq!(Settings::mirror("http://10.0.0.1:5000").unwrap().as_str(), "http://10.0.0.1:5000/");
        assert!(Settings::mirror("https://mirror.example/").is_ok());
        let refuse = |text: &str, message: &str| assert_eq!(Settings::mirror(text).unwrap_err().to_string(), message);
        refuse("!", "invalid mirror: \"!\" is not a valid URI");
        refuse("ftp://x", "invalid mirror: unsupported scheme \"ftp\" in \"ftp://x\"");
        refuse("http://x/v1", "invalid mirror: path, query, or fragment at end of the URI \"http://x/v1\"");
        refuse("http://u:p@x/", "invalid mirror: username/password not allowed in URI \"http://u:xxxxx@x/\"");
    }
}
