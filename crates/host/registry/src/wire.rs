//! One request and the head of its answer.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http::{HeaderMap, Method, StatusCode};
use reqwest::{Url, redirect};
use tokio::time::timeout;

use crate::body::Body;
use crate::certificates::Certificates;
use crate::dial::{Cause, CauseKind};
use crate::dns::Resolver;
use crate::endpoint::{Trust, authority, dialled};
use crate::error::Error;
use crate::insecure::is_loopback;
use crate::settings::Settings;

/// One request.
pub(crate) struct Call {
    pub method: Method,
    pub url: Url,
    pub trust: Trust,
    pub headers: HeaderMap,
    pub body: Option<String>,
}

/// The head of an answer, with the body still to come.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
    /// Whether the registry itself answers, and not a host to which it redirected.
    pub is_own: bool,
}

/// Connections differ by how the peer is verified and by the way to it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    verifies: bool,
    /// Without a proxy.
    is_direct: bool,
    /// A host with certificates of its own, and when its directory changed last.
    certificates: Option<(String, SystemTime)>,
}

/// Sends requests; connections are kept and shared.
pub(crate) struct Wire {
    pub settings: Arc<Settings>,
    resolver: Resolver,
    clients: Mutex<HashMap<Key, reqwest::Client>>,
}

impl Wire {
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings, resolver: Resolver::default(), clients: Mutex::default() }
    }

    /// Sends a request and waits for the head of the answer. Redirects are answers.
    pub async fn send(&self, call: Call) -> Result<Answer, Error> {
        let method = go_method(&call.method);
        let authority = authority(&call.url);
        let client = self.client(call.trust, &authority)?;
        let mut request = client.request(call.method, call.url.clone()).headers(call.headers);
        if let Some(body) = call.body {
            request = request.body(body);
        }
        let failed = |cause| Error::transport(method, &call.url, cause);
        let response = match timeout(self.settings.deadlines.answer, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failed(Cause::of(&error, &dialled(&call.url)))),
            Err(_) => return Err(failed(late())),
        };
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: Body::new(response, &call.url, self.settings.deadlines.idle),
            is_own: true,
        })
    }

    fn client(&self, trust: Trust, authority: &str) -> Result<reqwest::Client, Error> {
        let directory = self.settings.certificates.as_ref().map(|directory| directory.join(authority));
        let directory = directory.filter(|_| trust != Trust::Plain);
        let changed = directory.as_ref().and_then(|directory| directory.metadata().ok()?.modified().ok());
        let key = Key {
            verifies: trust == Trust::Verified,
            is_direct: is_loopback(authority),
            certificates: changed.map(|changed| (authority.to_owned(), changed)),
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(&key, directory.as_deref().filter(|_| key.certificates.is_some()), authority)?;
        clients.retain(|old, _| !is_outdated(old, &key));
        clients.insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, key: &Key, directory: Option<&Path>, authority: &str) -> Result<reqwest::Client, Error> {
        let certificates = directory.map(Certificates::read).transpose();
        let certificates =
            certificates.map_err(|source| Error::Certificates { registry: authority.to_owned(), source })?;
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(&self.settings.user_agent)
            .connect_timeout(self.settings.deadlines.connect)
            .http2_adaptive_window(true)
            .dns_resolver(self.resolver.clone())
            .tls_danger_accept_invalid_certs(!key.verifies);
        if key.is_direct {
            builder = builder.no_proxy();
        }
        let certificates = certificates.unwrap_or_default();
        if !certificates.authorities.is_empty() && key.verifies {
            builder = builder.tls_certs_merge(certificates.authorities);
        }
        if let Some(identity) = certificates.identity {
            builder = builder.identity(identity);
        }
        builder.build().map_err(Error::Setup)
    }
}

/// Whether `old` has certificates of the same host, from before they were changed.
fn is_outdated(old: &Key, new: &Key) -> bool {
    let host = |key: &Key| key.certificates.as_ref().map(|(host, _)| host.clone());
    new.certificates.is_some() && host(old) == host(new)
}

/// Go's text for an answer that does not come.
fn late() -> Cause {
    Cause::new(CauseKind::Deadline, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
}

/// A method as Go's errors have it.
fn go_method(method: &Method) -> &'static str {
    match *method {
        Method::HEAD => "Head",
        Method::POST => "Post",
        _ => "Get",
    }
}
