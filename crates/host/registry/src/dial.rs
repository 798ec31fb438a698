//! Why a request got no answer, in the words of Go's `net` package, which users of Docker search for.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

use crate::dns::LookupError;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseKind {
    /// No connection came about.
    Connect,
    /// The name has no address.
    Lookup,
    /// The peer speaks TLS, and who it is cannot be verified.
    Certificate,
    /// The peer does not speak TLS.
    NotTls,
    /// A deadline passed.
    Deadline,
    /// The connection broke.
    Cut,
    /// Anything else.
    Other,
}

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Cause {
    /// What kind of failure it was.
    pub kind: CauseKind,
    text: String,
}

impl Cause {
    pub(crate) fn new(kind: CauseKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Whether the same request may succeed soon.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.kind, CauseKind::Deadline | CauseKind::Cut)
    }

    /// Finds the cause in an error of the HTTP library. `address` is what was dialled, host and port.
    pub(crate) fn of(error: &reqwest::Error, address: &str) -> Self {
        let links = links(error);
        let find = |by: &dyn Fn(&(dyn StdError + 'static)) -> Option<Cause>| links.iter().find_map(|link| by(*link));
        find(&|link| link.downcast_ref::<LookupError>().map(lookup))
            .or_else(|| find(&|link| link.downcast_ref::<rustls::Error>().map(tls)))
            .or_else(|| find(&|link| link.downcast_ref::<io::Error>().and_then(|io| dial(io, error, address))))
            .or_else(|| find(&|link| link.downcast_ref::<hyper_error::Hyper>().and_then(hyper_error::cut)))
            .unwrap_or_else(|| Self::other(error, &links, address))
    }

    fn other(error: &reqwest::Error, links: &[&(dyn StdError + 'static)], address: &str) -> Self {
        if error.is_timeout() {
            return Self::new(CauseKind::Deadline, format!("dial tcp {address}: i/o timeout"));
        }
        let text = links.last().map_or_else(|| error.to_string(), ToString::to_string);
        let is_cut = error.is_body() || error.is_request() && !error.is_connect();
        Self::new(if is_cut { CauseKind::Cut } else { CauseKind::Other }, text)
    }
}

/// The library's own error type, by the one thing that is asked of it.
mod hyper_error {
    use super::{Cause, CauseKind};

    pub type Hyper = hyper::Error;

    pub fn cut(error: &Hyper) -> Option<Cause> {
        let is_cut = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        is_cut.then(|| Cause::new(CauseKind::Cut, "unexpected EOF"))
    }
}

/// An error and its causes. An `io::Error` hides the error it carries from `source`, so it is asked for it.
fn links<'e>(error: &'e (dyn StdError + 'static)) -> Vec<&'e (dyn StdError + 'static)> {
    const MOST: usize = 32;
    let mut links = vec![error];
    while let Some(last) = links.last().copied().filter(|_| links.len() < MOST) {
        let inner: Option<&'e (dyn StdError + 'static)> =
            match last.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => last.source(),
            };
        match inner {
            Some(inner) => links.push(inner),
            None => break,
        }
    }
    links
}

fn lookup(error: &LookupError) -> Cause {
    Cause::new(CauseKind::Lookup, format!("dial tcp: {error}"))
}

fn tls(error: &rustls::Error) -> Cause {
    let certificate =
        |text: &str| Cause::new(CauseKind::Certificate, format!("tls: failed to verify certificate: x509: {text}"));
    match error {
        rustls::Error::InvalidCertificate(reason) => certificate(&certificate_words(reason)),
        rustls::Error::InvalidMessage(_) => {
            Cause::new(CauseKind::NotTls, "http: server gave HTTP response to HTTPS client")
        }
        rustls::Error::AlertReceived(alert) => {
            Cause::new(CauseKind::Certificate, format!("remote error: tls: {alert:?}"))
        }
        other => Cause::new(CauseKind::Certificate, format!("tls: {other}")),
    }
}

fn certificate_words(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "certificate is not valid for the host's name".to_owned()
        }
        other => other.to_string(),
    }
}

fn dial(error: &io::Error, whole: &reqwest::Error, address: &str) -> Option<Cause> {
    let kind = error.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        return Some(Cause::new(CauseKind::Cut, "unexpected EOF"));
    }
    if kind == io::ErrorKind::TimedOut {
        return Some(Cause::new(CauseKind::Deadline, format!("dial tcp {address}: i/o timeout")));
    }
    let words = system_words(error.raw_os_error()?);
    Some(if whole.is_connect() {
        let kind = if kind == io::ErrorKind::ConnectionReset { CauseKind::Cut } else { CauseKind::Connect };
        Cause::new(kind, format!("dial tcp {address}: connect: {words}"))
    } else {
        Cause::new(CauseKind::Cut, format!("read tcp {address}: {words}"))
    })
}

/// The text of an error number, as Go writes it: `connection refused`.
fn system_words(number: i32) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_have_gos_words() {
        assert_eq!(system_words(111), "connection refused");
        assert_eq!(system_words(113), "no route to host");
        assert_eq!(system_words(104), "connection reset by peer");
        assert_eq!(system_words(101), "network is unreachable");
    }

    #[test]
    fn tls_errors_have_gos_words() {
        let unknown = tls(&rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert_eq!(
            unknown.to_string(),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        );
        assert_eq!(unknown.kind, CauseKind::Certificate);
        let plain = tls(&rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType));
        assert_eq!(
            (plain.kind, plain.to_string().as_str()),
            (CauseKind::NotTls, "http: server gave HTTP response to HTTPS client")
        );
    }

    #[test]
    fn an_error_inside_an_io_error_is_found() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let outer = io::Error::other(io::Error::other(inner));
        assert!(links(&outer).iter().any(|link| link.is::<rustls::Error>()));
    }
}
