//! Why a registry gave nothing.

use fault::Kind;
use names::Digest;
use oci::image::ManifestError;
use reqwest::Url;

use crate::certificates::CertificatesError;
use crate::dial::{Cause, CauseKind};
use crate::refusal::Refusal;

/// Why a registry gave nothing. Where Docker has a text for it, it is Docker's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no answer.
    #[error("{method} \"{url}\": {cause}")]
    Transport {
        /// `Get`, `Head`, `Post`.
        method: &'static str,
        /// The URL, without a query that might be a secret.
        url: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The registry wants credentials, and there are none or they are not taken.
    #[error("Get \"{url}\": {reason}")]
    Authorize {
        /// What was asked for.
        url: String,
        /// Why it may not be had.
        #[source]
        reason: Box<Error>,
    },
    /// The registry wants a password, and there is none.
    #[error("no basic auth credentials")]
    NoCredentials,
    /// The token realm answered without a token.
    #[error("authorization server did not include a token in the response")]
    NoToken,
    /// The token realm is not asked.
    #[error("token realm {realm:?} of registry {registry} is refused: {reason}")]
    Realm {
        /// The realm as the registry named it.
        realm: String,
        /// Who named it.
        registry: String,
        /// Why.
        reason: &'static str,
    },
    /// The registry refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The registry answered with a status that is none of the distribution API's.
    #[error("received unexpected HTTP status: {0}")]
    Status(String),
    /// The registry refused, and why cannot be read.
    #[error("error parsing HTTP {status} response body: {reason}: {body:?}")]
    Unreadable {
        /// The status.
        status: u16,
        /// What the reader said.
        reason: String,
        /// The beginning of the body.
        body: String,
    },
    /// The registry has no such blob.
    #[error("unknown blob")]
    UnknownBlob(Digest),
    /// The manifest is not the one that was asked for.
    #[error("manifest verification failed for digest {0}")]
    ManifestDigest(Digest),
    /// The blob is not the one that was asked for.
    #[error("blob verification failed for digest {0}")]
    BlobDigest(Digest),
    /// The blob has not the length that its descriptor announced.
    #[error("blob {digest} has {actual} bytes, announced were {announced}")]
    Length {
        /// The blob.
        digest: Digest,
        /// The length in its descriptor.
        announced: u64,
        /// What the registry has, in bytes; "more than …" where that is all that is known.
        actual: String,
    },
    /// The answer to a range request is not that range.
    #[error("registry answered a request for the rest of blob {0} with another range")]
    Range(Digest),
    /// An answer is larger than its kind may be.
    #[error("{what} has more than the {limit} bytes that are allowed")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The most bytes.
        limit: usize,
    },
    /// A redirect is not followed.
    #[error("redirect from {from} to {to:?} is refused: {reason}")]
    Redirect {
        /// Host and port that sent it.
        from: String,
        /// Where to, without the query.
        to: String,
        /// Why not.
        reason: &'static str,
    },
    /// The manifest is not usable.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// An answer is no JSON of the expected kind.
    #[error("{what} is malformed")]
    Malformed {
        /// What it is.
        what: &'static str,
        /// What the reader said.
        #[source]
        source: serde_json::Error,
    },
    /// There is no way to ask this registry.
    #[error("registry {0} cannot be asked: its name makes no URL")]
    NoEndpoint(String),
    /// The certificates for this registry are not usable.
    #[error("certificates for registry {registry}")]
    Certificates {
        /// Host and port.
        registry: String,
        /// Why.
        #[source]
        source: CertificatesError,
    },
    /// The HTTP library cannot be set up, for instance without any certificate authority.
    #[error("set up HTTP client")]
    Setup(#[source] reqwest::Error),
}

impl Error {
    pub(crate) fn transport(method: &'static str, url: &Url, cause: Cause) -> Self {
        Self::Transport { method, url: shown(url), cause }
    }

    /// What happened to the connection, where that is what failed.
    pub(crate) fn cause(&self) -> Option<&Cause> {
        match self {
            Error::Transport { cause, .. } => Some(cause),
            Error::Authorize { reason, .. } => reason.cause(),
            _ => None,
        }
    }

    /// Whether the same request may succeed soon.
    pub(crate) fn is_transient(&self) -> bool {
        self.cause().is_some_and(Cause::is_transient)
    }

    /// The kind for the Engine API: what Docker answers with 404 is not found, all else is a failure of the system.
    pub fn kind(&self) -> Kind {
        match self {
            Error::Refused(refusal) if refusal.is_not_found() => Kind::NotFound,
            Error::UnknownBlob(_) => Kind::NotFound,
            _ if self.cause().is_some_and(|cause| cause.kind == CauseKind::Deadline) => Kind::Deadline,
            _ => Kind::System,
        }
    }
}

/// A URL for a message: its query may hold a signature that gives access.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}
