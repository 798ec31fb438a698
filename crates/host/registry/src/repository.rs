//! One repository, as one pull sees it: its mirrors, then the registry itself.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use names::{Algorithm, Digest, Reference};
use oci::image::media_type::{self, essence};
use oci::image::{MAX_MANIFEST, ManifestError, Parsed};
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha512};
use tokio::sync::OnceCell;

use crate::access::{Access, Ask};
use crate::auth::{AuthConfig, Credentials};
use crate::blob::Blob;
use crate::client::{Client, Memory};
use crate::dial::CauseKind;
use crate::endpoint::Trust;
use crate::error::Error;
use crate::refusal::Subject;
use crate::retry::Backoff;
use crate::wire::Wire;

/// The largest page of tags, in bytes; the most pages; the most tags.
const LARGEST_PAGE: usize = 4 << 20;
const MOST_PAGES: usize = 1000;
const MOST_TAGS: usize = 100_000;

/// Which manifest of a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The one that a tag points to now.
    Tag(String),
    /// The one with this digest.
    Digest(Digest),
}

impl Selector {
    /// What a reference means: its digest where it has one, else its tag, else `latest`. Of `name:tag@digest` the digest
    /// counts, as with Docker, and the repository has to have it.
    pub fn of(reference: &Reference) -> Self {
        match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Self::Digest(digest.clone()),
            (None, tag) => Self::Tag(tag.unwrap_or(names::DEFAULT_TAG).to_owned()),
        }
    }
}

/// A verified manifest or index.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The document as it came; its digest is `digest`.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: String,
    /// The digest of `bytes`, computed here. What the registry's headers say is not believed.
    pub digest: Digest,
    /// What it says.
    pub parsed: Parsed,
}

/// One repository. Clones share tokens, so that layers can be fetched side by side.
#[derive(Clone)]
pub struct Repository {
    wire: Arc<Wire>,
    memory: Arc<Memory>,
    name: Reference,
    mirrors: Vec<Arc<Access>>,
    origin: Arc<Origin>,
}

/// The registry itself: the ways to ask it, and the one that works.
struct Origin {
    ways: Vec<Arc<Access>>,
    chosen: OnceCell<Arc<Access>>,
}

/// Where something is asked.
#[derive(Clone)]
pub(crate) enum Source {
    Mirror(Arc<Access>),
    Origin,
}

impl Repository {
    pub(crate) fn new(client: &Client, reference: &Reference, auth: Option<&AuthConfig>) -> Self {
        let wire = client.wire();
        let settings = &wire.settings;
        let access =
            |endpoint, credentials| Arc::new(Access::new(endpoint, Arc::clone(&wire), reference.path(), credentials));
        let credentials = auth.map_or(Credentials::Anonymous, AuthConfig::credentials);
        let ways =
            settings.endpoints(reference.domain()).into_iter().map(|at| access(at, credentials.clone())).collect();
        let mirrors = settings.mirrors_of(reference.domain()).into_iter().map(|at| access(at, Credentials::Anonymous));
        Self {
            mirrors: mirrors.collect(),
            origin: Arc::new(Origin { ways, chosen: OnceCell::new() }),
            memory: Arc::clone(&client.memory),
            name: reference.name_only(),
            wire,
        }
    }

    /// The same repository without its mirrors: for a caller who found that what came from one has the wrong hash.
    #[must_use]
    pub fn without_mirrors(&self) -> Self {
        Self { mirrors: Vec::new(), ..self.clone() }
    }

    /// Looks whether the registry itself answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.reach(&Source::Origin).await.map(drop)
    }

    /// Gets a manifest or index, verified against `selector`'s digest and read so that it is one thing only.
    pub async fn manifest(&self, selector: &Selector) -> Result<Fetched, Error> {
        let mut failure = None;
        for source in self.sources() {
            match self.manifest_from(&source, selector).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => failure = Some(self.note_failure(&source, error)),
            }
        }
        Err(failure.unwrap_or_else(|| self.no_endpoint()))
    }

    async fn manifest_from(&self, source: &Source, selector: &Selector) -> Result<Fetched, Error> {
        let answer = self.reach(source).await?.ask(&self.manifest_ask(selector)?).await?;
        let media_type = content_type(&answer.headers);
        let bytes = answer.body.all(MAX_MANIFEST, "manifest").await?;
        let digest = verify(&bytes, selector)?;
        let parsed = Parsed::read(&bytes, Some(&media_type))?;
        Ok(Fetched { bytes, media_type, digest, parsed })
    }

    fn manifest_ask(&self, selector: &Selector) -> Result<Ask, Error> {
        let (reference, name) = match selector {
            Selector::Tag(tag) => {
                let unknown = |_| Error::NoEndpoint(self.name.familiar());
                (self.name.with_tag(tag).map_err(unknown)?, tag.clone())
            }
            Selector::Digest(digest) => (self.name.with_digest(digest.clone()), digest.to_string()),
        };
        Ok(Ask {
            path: format!("v2/{}/manifests/{name}", self.name.path()),
            accept: media_type::MANIFESTS.map(HeaderValue::from_static).to_vec(),
            from: None,
            subject: Subject::Manifest(reference),
        })
    }

    /// Opens a blob of `size` bytes from the byte `offset` on. Its bytes are not verified: the caller hashes them.
    pub async fn blob(&self, digest: &Digest, size: u64, offset: u64) -> Result<Blob, Error> {
        Blob::open(self.clone(), digest.clone(), size, offset).await
    }

    /// Gets a small blob whole and verified. A mirror whose bytes are wrong is passed over.
    pub async fn fetch(&self, digest: &Digest, size: u64, limit: usize) -> Result<Bytes, Error> {
        if size > limit as u64 {
            return Err(Error::TooLarge { what: "blob", limit });
        }
        match self.fetch_once(digest, size).await {
            Err(Error::BlobDigest(_)) if !self.mirrors.is_empty() => {
                self.without_mirrors().fetch_once(digest, size).await
            }
            other => other,
        }
    }

    async fn fetch_once(&self, digest: &Digest, size: u64) -> Result<Bytes, Error> {
        let bytes = self.blob(digest, size, 0).await?.all().await?;
        if hash(digest.algorithm(), &bytes) == *digest { Ok(bytes) } else { Err(Error::BlobDigest(digest.clone())) }
    }

    pub(crate) fn blob_ask(&self, digest: &Digest, from: u64) -> Ask {
        Ask {
            path: format!("v2/{}/blobs/{digest}", self.name.path()),
            accept: Vec::new(),
            from: (from > 0).then_some(from),
            subject: Subject::Blob(digest.clone()),
        }
    }

    /// Lists all tags; the registry itself is asked, and its own order kept.
    pub async fn tags(&self) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let what = "list of tags";
        let access = self.reach(&Source::Origin).await?;
        let mut next = Some(format!("v2/{}/tags/list", self.name.path()));
        let mut tags = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(path) = next else { return Ok(tags) };
            let subject = Subject::Repository(self.name.clone());
            let answer = access.ask(&Ask { path, accept: Vec::new(), from: None, subject }).await?;
            next = next_page(&answer.headers, &format!("/v2/{}/tags/list", self.name.path()));
            let bytes = answer.body.all(LARGEST_PAGE, what).await?;
            let page: Page = serde_json::from_slice(&bytes).map_err(|source| Error::Malformed { what, source })?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > MOST_TAGS {
                break;
            }
        }
        Err(Error::TooLarge { what, limit: LARGEST_PAGE })
    }

    /// Living mirrors, then the registry itself.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let living = self.mirrors.iter().filter(|mirror| !self.memory.is_dead(&mirror.endpoint.base));
        living.cloned().map(Source::Mirror).chain([Source::Origin]).collect()
    }

    /// The access of a source; for the registry itself it is found out once how it can be asked.
    pub(crate) async fn reach(&self, source: &Source) -> Result<Arc<Access>, Error> {
        match source {
            Source::Mirror(access) => Ok(Arc::clone(access)),
            Source::Origin => self.origin.chosen.get_or_try_init(|| self.choose()).await.cloned(),
        }
    }

    /// Tries the ways to ask the registry. Once it has shown that it speaks TLS it is not asked in the clear.
    async fn choose(&self) -> Result<Arc<Access>, Error> {
        let mut failure = None;
        for way in &self.origin.ways {
            let outcome = way.ping().await;
            let is_final = way.endpoint.trust != Trust::Plain && spoke_tls(&outcome);
            match outcome {
                Ok(()) => return Ok(Arc::clone(way)),
                Err(error) if is_final => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.no_endpoint()))
    }

    /// Remembers a mirror that cannot be reached, and hands the error on.
    pub(crate) fn note_failure(&self, source: &Source, error: Error) -> Error {
        if let Source::Mirror(access) = source {
            let base = &access.endpoint.base;
            tracing::info!(mirror = %base, %error, "mirror did not deliver, asking the next source");
            if error.cause().is_some() || matches!(error, Error::Status(_)) {
                self.memory.bury(base);
            }
        }
        error
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.wire.settings.backoff
    }

    pub(crate) fn no_endpoint(&self) -> Error {
        Error::NoEndpoint(self.name.domain().to_owned())
    }
}

/// Whether the peer has shown that it speaks TLS: it answered, or the failure came after the handshake or from it.
fn spoke_tls(outcome: &Result<(), Error>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(error) => error.cause().is_none_or(|cause| cause.kind == CauseKind::Certificate),
    }
}

fn content_type(headers: &HeaderMap) -> String {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence).unwrap_or_default()
}

/// Checks the bytes of a manifest, and tells their digest.
fn verify(bytes: &[u8], selector: &Selector) -> Result<Digest, Error> {
    if bytes.len() > MAX_MANIFEST {
        return Err(ManifestError::TooLarge { size: bytes.len() }.into());
    }
    match selector {
        Selector::Tag(_) => Ok(hash(Algorithm::Sha256, bytes)),
        Selector::Digest(digest) if hash(digest.algorithm(), bytes) == *digest => Ok(digest.clone()),
        Selector::Digest(digest) => Err(Error::ManifestDigest(digest.clone())),
    }
}

fn hash(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    match algorithm {
        Algorithm::Sha256 => Digest::sha256(Sha256::digest(bytes).into()),
        Algorithm::Sha512 => Digest::sha512(Sha512::digest(bytes).into()),
    }
}

/// The next page of a list by its `Link` header (RFC 8288). Only its query is taken over: the path is known.
fn next_page(headers: &HeaderMap, path: &str) -> Option<String> {
    let link = headers.get(header::LINK)?.to_str().ok()?;
    let (target, parameters) = link.strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.replace([' ', '"'], "").to_ascii_lowercase().contains("rel=next");
    let (_, query) = target.split_once('?')?;
    is_next.then(|| format!("{}?{query}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_counts_more_than_a_tag() {
        let hex = "0".repeat(64);
        let of = |text: &str| Selector::of(&text.parse().unwrap());
        assert_eq!(of("app"), Selector::Tag("latest".into()));
        assert_eq!(of("app:v1"), Selector::Tag("v1".into()));
        let digest = Selector::Digest(format!("sha256:{hex}").parse().unwrap());
        assert_eq!(of(&format!("app:v1@sha256:{hex}")), digest);
    }

    #[test]
    fn a_link_gives_its_query_only() {
        let next = |link: &str| {
            let headers = HeaderMap::from_iter([(header::LINK, HeaderValue::from_str(link).unwrap())]);
            next_page(&headers, "/v2/a/tags/list")
        };
        assert_eq!(next("</v2/a/tags/list?last=x&n=2>; rel=\"next\"").as_deref(), Some("v2/a/tags/list?last=x&n=2"));
        assert_eq!(next("<http://evil/v2/b?last=x>; rel=next").as_deref(), Some("v2/a/tags/list?last=x"));
        assert_eq!(next("</v2/a/tags/list>; rel=\"next\""), None);
        assert_eq!(next("</v2/?x>; rel=\"prev\""), None);
        assert_eq!(next("x"), None);
    }
}
