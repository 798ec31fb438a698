//! Rules that bend answers.

use std::time::Duration;

use super::http::Request;

/// Which requests a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every request.
    Any,
    /// `/v2/` itself.
    Ping,
    /// Manifests by tag or digest.
    Manifest,
    /// Blobs.
    Blob,
    /// Lists of tags.
    Tags,
    /// The token endpoint.
    Token,
    /// Requests whose path contains this.
    Path(String),
}

impl Target {
    pub(super) fn fits(&self, request: &Request) -> bool {
        let path = request.path.as_str();
        match self {
            Target::Any => true,
            Target::Ping => path == "/v2/" || path == "/v2",
            Target::Manifest => path.contains("/manifests/"),
            Target::Blob => path.contains("/blobs/"),
            Target::Tags => path.ends_with("/tags/list"),
            Target::Token => path == "/token",
            Target::Path(part) => path.contains(part.as_str()),
        }
    }
}

/// What a rule does to an answer. Several rules may act on one answer, in the order in which they were added.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with this status, these headers and this body instead.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// Answers with an error of the distribution API: status, code, message.
    Error(u16, String, String),
    /// Redirects to this URL; `{path}` in it becomes the request's path.
    Redirect(String),
    /// Sets a header.
    Header(String, String),
    /// Takes a header away.
    NoHeader(String),
    /// Sends these bytes as the body.
    Body(Vec<u8>),
    /// Sends these bytes after the body, and counts them.
    Append(Vec<u8>),
    /// Sends only the first bytes of the body, and counts only them.
    Shorten(usize),
    /// Claims this length, whatever is sent.
    ClaimLength(u64),
    /// Cuts the connection after this many bytes of the body.
    CutAfter(usize),
    /// Sends this many bytes of the body and then nothing until the registry is dropped.
    StallAfter(usize),
    /// Sends the body in pieces of this many bytes with a pause before each.
    Drip(usize, Duration),
    /// Sends this many zero bytes instead of the body, in chunks of no announced length.
    Zeros(u64),
    /// Takes no notice of `Range`.
    IgnoreRange,
    /// Closes the connection without an answer.
    HangUp,
}

/// Bends some answers.
#[derive(Clone, Debug)]
pub struct Rule {
    target: Target,
    left: Option<usize>,
    skip: usize,
    pub(super) acts: Vec<Act>,
}

impl Rule {
    /// A rule for these requests, which does nothing yet.
    pub fn on(target: Target) -> Self {
        Self { target, left: None, skip: 0, acts: Vec::new() }
    }

    /// Acts on so many requests only.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }

    /// Leaves the first so many requests alone.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Adds an act.
    #[must_use]
    pub fn act(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// Whether this rule acts on this request; counts it.
    pub(super) fn takes(&mut self, request: &Request) -> bool {
        if !self.target.fits(request) || self.left == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}
