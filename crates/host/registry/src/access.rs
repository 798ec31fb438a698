//! One repository at one endpoint: redirects, authorisation and retries around each request.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use tokio::sync::Mutex;

use crate::auth::{Challenge, Credentials, TokenRequest, basic, bearer, challenges, fetch};
use crate::endpoint::{Endpoint, Trust, authority, is_same_origin};
use crate::error::{Error, shown};
use crate::refusal::{Subject, refuse};
use crate::retry::{is_transient, retry_after};
use crate::wire::{Answer, Call, Wire};

/// The most redirects in a row.
const MOST_REDIRECTS: usize = 5;
/// The most times that one request is authorised anew.
const MOST_ROUNDS: usize = 2;

/// What is asked for.
pub(crate) struct Ask {
    /// The path below the endpoint, and its query.
    pub path: String,
    /// The media types that are taken.
    pub accept: Vec<HeaderValue>,
    /// The first byte that is wanted, where it is not the very first.
    pub from: Option<u64>,
    /// What a refusal is about.
    pub subject: Subject,
}

/// One repository at one endpoint.
pub(crate) struct Access {
    pub endpoint: Endpoint,
    wire: Arc<Wire>,
    scope: String,
    credentials: Credentials,
    authorization: Mutex<Option<HeaderValue>>,
}

impl Access {
    pub fn new(endpoint: Endpoint, wire: Arc<Wire>, repository: &str, credentials: Credentials) -> Self {
        let scope = format!("repository:{repository}:pull");
        Self { endpoint, wire, scope, credentials, authorization: Mutex::new(None) }
    }

    /// Looks whether a registry answers, and gets a token where it demands one.
    pub async fn ping(&self) -> Result<(), Error> {
        let url = self.url("v2/", &self.endpoint.base)?;
        let answer = self.follow(&url, &HeaderMap::new(), None).await?;
        let asks_for_password = |challenge: &Challenge| challenge.scheme == "basic";
        let can_answer =
            self.credentials != Credentials::Anonymous || !challenges(&answer.headers).iter().any(asks_for_password);
        if answer.status == StatusCode::UNAUTHORIZED && answer.is_own && can_answer {
            self.renew(&url, &answer.headers, None).await?;
        }
        Ok(())
    }

    /// Asks until there is a success or no hope.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer, Error> {
        let backoff = self.wire.settings.backoff;
        let mut failures = 0;
        loop {
            failures += 1;
            let pause = match self.authorised(ask).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) => {
                    let wanted = retry_after(&answer.headers);
                    let bearable = wanted.is_none_or(|wanted| wanted <= self.wire.settings.deadlines.retry_after);
                    match backoff.pause(failures).filter(|_| bearable && is_transient(answer.status)) {
                        Some(pause) => pause.max(wanted.unwrap_or_default()),
                        None => return Err(refuse(answer, &ask.subject).await),
                    }
                }
                Err(error) => match backoff.pause(failures).filter(|_| error.is_transient()) {
                    Some(pause) => pause,
                    None => return Err(error),
                },
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks, and once more with a new token when the old one is not taken.
    async fn authorised(&self, ask: &Ask) -> Result<Answer, Error> {
        let url = self.url(&ask.path, &self.endpoint.base)?;
        let headers = headers(ask);
        let mut round = 0;
        loop {
            let used = self.authorization.lock().await.clone();
            let answer = self.follow(&url, &headers, used.as_ref()).await?;
            let is_refused = answer.status == StatusCode::UNAUTHORIZED && answer.is_own;
            if !is_refused || round == MOST_ROUNDS || !self.renew(&url, &answer.headers, used).await? {
                return Ok(answer);
            }
            round += 1;
        }
    }

    fn url(&self, path: &str, base: &Url) -> Result<Url, Error> {
        base.join(path).map_err(|_| Error::NoEndpoint(authority(base)))
    }

    /// Follows redirects. `Authorization` goes to the endpoint's own scheme, host and port only, and does not come back
    /// once another host was asked.
    async fn follow(
        &self,
        url: &Url,
        headers: &HeaderMap,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, Error> {
        let (mut url, mut trust, mut is_own) = (url.clone(), self.endpoint.trust, true);
        for _ in 0..=MOST_REDIRECTS {
            let mut headers = headers.clone();
            if let Some(authorization) = authorization.filter(|_| is_own) {
                headers.insert(header::AUTHORIZATION, authorization.clone());
            }
            let call = Call { method: Method::GET, url: url.clone(), trust, headers, body: None };
            let answer = self.wire.send(call).await?;
            let Some(location) = location(&answer) else { return Ok(Answer { is_own, ..answer }) };
            (url, trust) = self.redirected(&url, trust, location)?;
            is_own = is_own && is_same_origin(&url, &self.endpoint.base);
        }
        Err(redirect(&url, shown(&url), "there were too many before"))
    }

    /// Checks a redirect.
    fn redirected(&self, from: &Url, trust: Trust, location: &str) -> Result<(Url, Trust), Error> {
        let Ok(to) = from.join(location) else {
            return Err(redirect(from, location.chars().take(256).collect(), "it is no URL"));
        };
        let refused = |reason| redirect(from, shown(&to), reason);
        if !to.username().is_empty() || to.password().is_some() {
            let mut to = to.clone();
            // A URL with a user has a host, and so takes both changes.
            let _ = to.set_username("");
            let _ = to.set_password(None);
            return Err(redirect(from, shown(&to), "it brings credentials"));
        }
        match (to.scheme(), trust) {
            ("https", _) => {
                let trust = self.wire.settings.trust(&to).unwrap_or(Trust::Verified);
                Ok((to, trust))
            }
            ("http", Trust::Plain) => Ok((to, Trust::Plain)),
            ("http", _) => Err(refused("HTTPS never leads to HTTP")),
            _ => Err(refused("it is neither HTTPS nor HTTP")),
        }
    }

    /// Gets a new `Authorization` for the one that was refused. Says whether there is another one to try.
    async fn renew(&self, url: &Url, headers: &HeaderMap, used: Option<HeaderValue>) -> Result<bool, Error> {
        let mut current = self.authorization.lock().await;
        if *current != used {
            return Ok(true);
        }
        let fresh = self.prove(headers).await;
        let fresh = fresh.map_err(|reason| Error::Authorize { url: shown(url), reason: Box::new(reason) })?;
        if fresh.is_none() || fresh == used {
            return Ok(false);
        }
        *current = fresh;
        Ok(true)
    }

    /// Answers the challenges of the registry; `None` where it has none that this client knows.
    async fn prove(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Error> {
        let challenges = challenges(headers);
        if let Some(challenge) = challenges.iter().find(|challenge| challenge.scheme == "bearer") {
            if let Credentials::Registry(token) = &self.credentials {
                return Ok(bearer(token));
            }
            let (endpoint, scope, credentials) = (&self.endpoint, self.scope.as_str(), &self.credentials);
            return fetch(&self.wire, &TokenRequest { endpoint, challenge, scope, credentials }).await.map(Some);
        }
        if !challenges.iter().any(|challenge| challenge.scheme == "basic") {
            return Ok(None);
        }
        match &self.credentials {
            Credentials::Password { user, password } => Ok(basic(user, password)),
            _ => Err(Error::NoCredentials),
        }
    }
}

fn headers(ask: &Ask) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for accept in &ask.accept {
        headers.append(header::ACCEPT, accept.clone());
    }
    if let Some(from) = ask.from {
        headers.extend(HeaderValue::from_str(&format!("bytes={from}-")).map(|range| (header::RANGE, range)));
    }
    headers
}

fn location(answer: &Answer) -> Option<&str> {
    let is_redirect = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    answer.headers.get(header::LOCATION).filter(|_| is_redirect)?.to_str().ok()
}

fn redirect(from: &Url, to: String, reason: &'static str) -> Error {
    Error::Redirect { from: authority(from), to, reason }
}
