//! One request: guarded, routed, carried out, and answered whatever happens.

use std::io;
use std::sync::Arc;

use api::version::{ApiVersion, NEWEST, OLDEST};
use engine::Actions;
use fault::{Fault, Result};
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use crate::answer::{self, Answer};
use crate::guard;
use crate::limits::Limits;
use crate::percent;
use crate::request::Call;
use crate::route::{self, Action};

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Over a unix socket.
    Local,
    /// Over plain TCP.
    Network,
    /// Over TLS.
    Encrypted,
}

/// What all requests share.
pub(crate) struct Server {
    engine: Arc<dyn Actions>,
    limits: Limits,
    /// Cancelled when the daemon stops: endless answers end.
    stopping: CancellationToken,
    /// The headers that every answer carries.
    stamps: Vec<(header::HeaderName, HeaderValue)>,
}

impl Server {
    pub(crate) fn new(engine: Arc<dyn Actions>, limits: Limits, stopping: CancellationToken) -> io::Result<Self> {
        let stamps = stamps(&*engine).map_err(io::Error::other)?;
        Ok(Self { engine, limits, stopping, stamps })
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Cancelled when the daemon stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>, peer: Peer) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let mut answer = match self.clone().carry_out(request, peer).await {
            Ok(answer) => answer,
            Err(fault) => {
                log(&method, &path, &fault);
                answer::fault(&fault)
            }
        };
        for (name, value) in &self.stamps {
            answer.headers_mut().insert(name, value.clone());
        }
        answer
    }

    async fn carry_out(self: Arc<Self>, request: Request<Incoming>, peer: Peer) -> Result<Answer> {
        match peer {
            Peer::Local => {}
            Peer::Network => guard::check(request.uri(), request.headers())?,
            Peer::Encrypted => guard::check_origin(request.headers())?,
        }
        if request.method() == Method::OPTIONS {
            return Ok(answer::empty(StatusCode::OK));
        }
        let decoded = percent::decode(request.uri().path()).ok_or_else(|| Fault::invalid("malformed path in URL"))?;
        let (version, path) = split_version(&decoded);
        let (route, params) = route::find(request.method(), &path).ok_or_else(not_found)?;
        let version = version.map_or(Ok(NEWEST), supported)?;
        if version < route.since {
            return Err(not_found());
        }
        match route.action {
            Action::Later(what) => Err(Fault::not_implemented(format!("{what} is not implemented yet"))),
            Action::Now(handler) => {
                let call = Call::new(self.engine.clone(), self.limits, self.stopping.clone(), version, params, request);
                finish(handler(call)).await
            }
        }
    }
}

/// Runs a handler as a task of its own: it ends what it began also when its client goes away, and its panic is an
/// error of this request alone. Long answers are streams, which do end with their clients.
async fn finish(handling: route::Handling) -> Result<Answer> {
    match tokio::spawn(handling).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Fault::system(format!("internal error: the request's task ended: {error}"))),
    }
}

fn not_found() -> Fault {
    Fault::not_found("page not found")
}

/// Splits `/v1.51/info` into the version's text and `/info`. Repeated slashes count as one, as they do in Docker.
fn split_version(path: &str) -> (Option<String>, String) {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let is_version = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let join = |segments: &[&str]| format!("/{}", segments.join("/"));
    match segments.split_first() {
        Some((first, rest)) if first.strip_prefix('v').is_some_and(is_version) => {
            (Some(first[1..].to_owned()), join(rest))
        }
        _ => (None, join(&segments)),
    }
}

/// The version, where it is spoken; else Docker's text.
fn supported(text: String) -> Result<ApiVersion> {
    let shown = crate::request::echo(&text);
    let version: ApiVersion =
        text.parse().map_err(|_| Fault::invalid(format!("client version {shown} is not a version")))?;
    if version > NEWEST {
        let message = format!("client version {shown} is too new. Maximum supported API version is {NEWEST}");
        return Err(Fault::invalid(message));
    }
    if version < OLDEST {
        return Err(Fault::invalid(format!(
            "client version {shown} is too old. Minimum supported API version is {OLDEST}, please upgrade your \
             client to a newer version"
        )));
    }
    Ok(version)
}

fn stamps(engine: &dyn Actions) -> Result<Vec<(header::HeaderName, HeaderValue)>, header::InvalidHeaderValue> {
    let about = engine.ping();
    Ok(vec![
        (header::HeaderName::from_static("api-version"), NEWEST.to_string().try_into()?),
        (header::HeaderName::from_static("docker-experimental"), about.experimental.to_string().try_into()?),
        (header::HeaderName::from_static("ostype"), HeaderValue::from_static("linux")),
        (header::SERVER, format!("Docker/{} (linux)", about.version).try_into()?),
    ])
}

/// The daemon's own failures are logged loudly; what clients do wrong only where someone looks for it.
fn log(method: &Method, path: &str, fault: &Fault) {
    let path = crate::request::echo(path);
    if fault.kind().http_status() == 500 {
        tracing::error!(%method, path, "{fault}");
    } else {
        tracing::debug!(%method, path, status = fault.kind().http_status(), "{fault}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_stand_in_front_of_a_path() {
        let split = |path: &str| {
            let (version, path) = split_version(path);
            (version.unwrap_or_default(), path)
        };
        assert_eq!(split("/v1.51/info"), ("1.51".into(), "/info".into()));
        assert_eq!(split("//v1.40//images/a/b/json"), ("1.40".into(), "/images/a/b/json".into()));
        assert_eq!(split("/info"), (String::new(), "/info".into()));
        assert_eq!(split("/volumes/v1"), (String::new(), "/volumes/v1".into()));
        assert_eq!(split("/v/x"), (String::new(), "/v/x".into()));
        assert_eq!(split("/"), (String::new(), "/".into()));
    }

    #[test]
    fn versions_outside_the_range_get_dockers_words() {
        let refused = |text: &str| supported(text.into()).unwrap_err().to_string();
        assert_eq!(supported("1.24".into()).unwrap(), OLDEST);
        assert_eq!(refused("1.99"), "client version 1.99 is too new. Maximum supported API version is 1.51");
        assert_eq!(
            refused("1.11"),
            "client version 1.11 is too old. Minimum supported API version is 1.24, please upgrade your client to a \
             newer version"
        );
        assert_eq!(refused("1..2"), "client version 1..2 is not a version");
    }
}
