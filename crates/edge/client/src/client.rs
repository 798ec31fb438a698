//! Requests to one daemon.

use crate::hijack::{self, Hijacked};
use crate::transport::{ReadHalf, Refused, Stream, WriteHalf, asked, refusal_to_connect};
use crate::{Body, Endpoint, Error, OwnSession, Ping, Query, Tls};
use api::version::{ApiVersion, NEWEST, OLDEST};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use std::sync::{Mutex, OnceLock};
use tokio::sync::mpsc;

type RequestBody = BoxBody<Bytes, std::io::Error>;

/// What a client is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the daemon listens.
    pub endpoint: Endpoint,
    /// How TCP is encrypted; plain when absent.
    pub tls: Option<Tls>,
    /// How `ssh` is kept away from the terminal's signals; it gets them when absent.
    pub own_session: Option<OwnSession>,
    /// A fixed API version (`DOCKER_API_VERSION`); it is negotiated when absent.
    pub version: Option<ApiVersion>,
    /// Headers of every request (`HttpHeaders` of the configuration).
    pub headers: Vec<(String, String)>,
    /// The `User-Agent`.
    pub user_agent: String,
}

/// A client of one daemon. It connects when first used.
pub struct Client {
    settings: Settings,
    version: OnceLock<ApiVersion>,
    ping: OnceLock<Ping>,
    idle: Mutex<Option<SendRequest<RequestBody>>>,
}

/// One request: a path below the version, and what goes with it.
pub struct Request {
    method: &'static str,
    path: String,
    query: Query,
    headers: Vec<(String, String)>,
    body: RequestBody,
}

fn empty() -> RequestBody {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed()
}

impl Request {
    fn new(method: &'static str, path: impl Into<String>) -> Request {
        Request { method, path: path.into(), query: Query::new(), headers: Vec::new(), body: empty() }
    }

    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Request {
        Request::new("GET", path)
    }

    /// A `HEAD`, for the headers of a `GET`.
    pub fn head(path: impl Into<String>) -> Request {
        Request::new("HEAD", path)
    }

    /// A `PUT`.
    pub fn put(path: impl Into<String>) -> Request {
        Request::new("PUT", path)
    }

    /// A `POST` with no body.
    pub fn post(path: impl Into<String>) -> Request {
        Request::new("POST", path)
    }

    /// A `DELETE`.
    pub fn delete(path: impl Into<String>) -> Request {
        Request::new("DELETE", path)
    }

    /// With a query.
    pub fn query(mut self, query: Query) -> Request {
        self.query = query;
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a JSON body.
    pub fn json(self, value: &impl Serialize) -> Request {
        // Serialising our own models cannot fail: they have no maps with keys other than strings.
        let bytes = serde_json::to_vec(value).unwrap_or_default();
        self.body("application/json", bytes.into())
    }

    /// With a body of known bytes.
    pub fn body(mut self, content_type: &str, bytes: Bytes) -> Request {
        self.body = Full::new(bytes).map_err(|never| match never {}).boxed();
        self.header("Content-Type", content_type)
    }

    /// With a body that is sent as it comes out of `chunks`; an error there breaks the request off.
    pub fn stream(mut self, content_type: &str, chunks: mpsc::Receiver<std::io::Result<Bytes>>) -> Request {
        self.body = BodyExt::boxed(StreamBody::new(Chunks(chunks)));
        self.header("Content-Type", content_type)
    }
}

/// A channel of chunks as the frames of a body.
struct Chunks(mpsc::Receiver<std::io::Result<Bytes>>);

impl futures_util::Stream for Chunks {
    type Item = std::io::Result<Frame<Bytes>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|item| item.map(|chunk| chunk.map(Frame::data)))
    }
}

impl Client {
    /// A client that has not connected yet.
    pub fn new(settings: Settings) -> Client {
        let version = OnceLock::new();
        if let Some(fixed) = settings.version {
            let _ = version.set(fixed);
        }
        Client { settings, version, ping: OnceLock::new(), idle: Mutex::new(None) }
    }

    /// Where the daemon is expected.
    pub fn endpoint(&self) -> &Endpoint {
        &self.settings.endpoint
    }

    /// The API version of this client's requests: fixed, negotiated, or the newest before the first request.
    pub fn version(&self) -> ApiVersion {
        self.version.get().copied().unwrap_or(NEWEST)
    }

    /// What the daemon said about itself; asks it once.
    pub async fn ping(&self) -> Result<&Ping, Error> {
        if let Some(ping) = self.ping.get() {
            return Ok(ping);
        }
        let ping = self.ask().await?;
        Ok(self.ping.get_or_init(|| ping))
    }

    /// The negotiated version: the daemon's newest, or this client's when that is older.
    pub async fn negotiate(&self) -> Result<ApiVersion, Error> {
        if let Some(version) = self.version.get() {
            return Ok(*version);
        }
        let daemon = self.ping().await?.api_version.unwrap_or(OLDEST);
        Ok(*self.version.get_or_init(|| daemon.min(NEWEST)))
    }

    async fn ask(&self) -> Result<Ping, Error> {
        for method in ["HEAD", "GET"] {
            let response = self.exchange(Request::new(method, "/_ping"), "/_ping".into()).await?;
            // Old daemons know only GET; one that is not ready answers 500 but names its version all the same.
            if response.status().is_success() || response.headers().contains_key("api-version") {
                return Ok(Ping::from_headers(response.headers()));
            }
        }
        Ok(Ping {
            api_version: None,
            os: String::new(),
            experimental: false,
            swarm: String::new(),
            builder: String::new(),
        })
    }

    /// Sends a request and returns the body of a successful answer.
    pub async fn send(&self, request: Request) -> Result<Body, Error> {
        let url = self.url(&request).await?;
        let response = self.exchange(request, url.clone()).await?;
        let status = response.status();
        if status.is_success() || status.as_u16() == 304 {
            return Ok(into_body(response));
        }
        let reason = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("")).trim().to_string();
        let bytes = into_body(response).bytes().await?;
        Err(refusal(status.as_u16(), &reason, &url, &bytes))
    }

    /// Sends a request whose answer does not matter.
    pub async fn send_quietly(&self, request: Request) -> Result<(), Error> {
        self.send(request).await?.bytes().await.map(drop)
    }

    /// Sends a request that takes over its connection (attach, exec).
    pub async fn hijack(&self, request: Request) -> Result<Hijacked, Error> {
        let url = self.url(&request).await?;
        let body = request.body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let stream = self.connect(request.method, &url).await?;
        let head = hijack::Head {
            method: request.method,
            url: &url,
            host: self.settings.endpoint.host_header(),
            user_agent: &self.settings.user_agent,
            headers: self.settings.headers.iter().chain(&request.headers),
        };
        hijack::start(stream, head, &body).await
    }

    /// A connection on which nothing was said yet. The error is Go's text about it.
    pub async fn dial(&self) -> Result<(ReadHalf, WriteHalf), String> {
        let endpoint = &self.settings.endpoint;
        let (Refused::Dial(error) | Refused::Handshake(error)) = match Stream::dial(&self.settings).await {
            Ok(stream) => return Ok(tokio::io::split(stream)),
            Err(refused) => refused,
        };
        Err(refusal_to_connect(endpoint, &error))
    }

    async fn connect(&self, method: &str, url: &str) -> Result<Stream, Error> {
        Stream::connect(&self.settings, method, url).await
    }

    async fn url(&self, request: &Request) -> Result<String, Error> {
        Ok(format!("/v{}{}{}", self.negotiate().await?, request.path, request.query.suffix()))
    }

    async fn exchange(&self, request: Request, url: String) -> Result<http::Response<Incoming>, Error> {
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(&url)
            .header("Host", self.settings.endpoint.host_header())
            .header("User-Agent", &self.settings.user_agent);
        for (name, value) in self.settings.headers.iter().chain(&request.headers) {
            builder = builder.header(name, value);
        }
        let message = builder.body(request.body).map_err(Error::transport)?;
        let asked = || asked(&self.settings, request.method, &url);
        let mut sender = self.connection(request.method, &url).await?;
        let response = sender.send_request(message).await.map_err(|error| Error::on_the_way(&asked(), &error))?;
        // The connection serves the next request once this answer has been read; until then a new one is made.
        *self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(sender);
        Ok(response)
    }

    async fn connection(&self, method: &str, url: &str) -> Result<SendRequest<RequestBody>, Error> {
        // Lets the connection's task notice that the last answer has been read.
        tokio::task::yield_now().await;
        let idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(sender) = idle.filter(SendRequest::is_ready) {
            return Ok(sender);
        }
        let stream = self.connect(method, url).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(Error::transport)?;
        tokio::spawn(connection);
        sender.ready().await.map_err(Error::transport)?;
        Ok(sender)
    }
}

fn into_body(response: http::Response<Incoming>) -> Body {
    let (head, incoming) = response.into_parts();
    Body { incoming, headers: head.headers }
}

/// The error of an unsuccessful answer: the daemon's message, its plain text, or its status.
pub(crate) fn refusal(status: u16, reason: &str, url: &str, body: &[u8]) -> Error {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    let text = String::from_utf8_lossy(body);
    let message = match serde_json::from_slice::<Message>(body) {
        Ok(Message { message }) => message.trim().to_string(),
        Err(_) => text.trim().to_string(),
    };
    if message.is_empty() {
        return Error::Silent { status, reason: reason.into(), url: url.into() };
    }
    Error::Daemon { status, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_use_the_daemons_words() {
        let text = |body: &str| refusal(404, "404 Not Found", "/v1.41/x", body.as_bytes()).to_string();
        assert_eq!(text(r#"{"message":"No such container: x"}"#), "Error response from daemon: No such container: x");
        assert_eq!(text("page not found\n"), "Error response from daemon: page not found");
        assert_eq!(
            text(""),
            "request returned 404 Not Found for API route and version /v1.41/x, check if the server supports the requested API version"
        );
    }
}
