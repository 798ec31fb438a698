//! What a request says.

mod auth;
mod body;
mod name;
mod query;

use std::sync::Arc;

use api::auth::AuthConfig;
use api::version::ApiVersion;
use engine::Actions;
use engine::request::Body;
use fault::Result;
use http::{HeaderMap, Request, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;
use crate::route::Params;

pub(crate) use name::echo;
pub(crate) use query::Query;

/// One request on its way to its handler.
pub(crate) struct Call {
    /// Who carries it out.
    pub(crate) engine: Arc<dyn Actions>,
    /// The version that the client speaks.
    pub(crate) version: ApiVersion,
    /// What stands behind `?`.
    pub(crate) query: Query,
    params: Params,
    headers: HeaderMap,
    body: Incoming,
    upgrade: Option<OnUpgrade>,
    limits: Limits,
    stopping: CancellationToken,
}

impl Call {
    pub(crate) fn new(
        engine: Arc<dyn Actions>,
        limits: Limits,
        stopping: CancellationToken,
        version: ApiVersion,
        params: Params,
        mut request: Request<Incoming>,
    ) -> Self {
        let upgrade = request.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let (head, body) = request.into_parts();
        Self { engine, version, query, params, headers: head.headers, body, upgrade, limits, stopping }
    }

    /// Whether the client speaks 1.`minor` or newer.
    pub(crate) fn speaks(&self, minor: u16) -> bool {
        self.version >= ApiVersion::v1(minor)
    }

    /// The container's or exec's name in the path. What could be neither does not exist.
    ///
    /// # Errors
    /// `NotFound`, in Docker's words.
    pub(crate) fn container(&self) -> Result<String> {
        name::container(self.params.get("id"))
    }

    /// The exec's id in the path.
    ///
    /// # Errors
    /// `NotFound`, in Docker's words.
    pub(crate) fn exec(&self) -> Result<String> {
        name::exec(self.params.get("id"))
    }

    /// The network's name, id, or the beginning of an id in the path.
    ///
    /// # Errors
    /// `NotFound`, in Docker's words.
    pub(crate) fn network(&self) -> Result<String> {
        name::network(self.params.get("id"))
    }

    /// A name in the path of which nothing is known: only for errors.
    pub(crate) fn name(&self) -> &str {
        self.params.get("name")
    }

    /// Whether the path names an image.
    pub(crate) fn has_image(&self) -> bool {
        !self.params.get("name").is_empty()
    }

    /// The image's name in the path. Only its form is checked; what it means is the engine's to know.
    ///
    /// # Errors
    /// `InvalidParameter` where it could be no name.
    pub(crate) fn image(&self) -> Result<String> {
        name::image(self.params.get("name"))
    }

    /// The body as JSON; the zero value where it is empty.
    ///
    /// # Errors
    /// `InvalidParameter`, in Docker's words.
    pub(crate) async fn json<T: DeserializeOwned + Default>(&mut self) -> Result<T> {
        body::json(&self.headers, &mut self.body, self.limits).await
    }

    /// The same where there must be one.
    ///
    /// # Errors
    /// `InvalidParameter`, in Docker's words.
    pub(crate) async fn required_json<T: DeserializeOwned>(&mut self) -> Result<T> {
        body::required_json(&self.headers, &mut self.body, self.limits).await
    }

    /// The body as it comes.
    pub(crate) fn into_body(self) -> Body {
        body::reader(self.body)
    }

    /// The body as it comes, where there is one, and the connection itself, where the client wants it.
    pub(crate) fn into_connection(self) -> (Option<OnUpgrade>, Option<Body>) {
        let has_body = !http_body::Body::is_end_stream(&self.body);
        (self.upgrade, has_body.then(|| body::reader(self.body)))
    }

    /// The headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Credentials for a registry.
    pub(crate) fn registry_auth(&self) -> Option<AuthConfig> {
        auth::from_headers(&self.headers)
    }

    /// Cancelled when the daemon stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }
}
