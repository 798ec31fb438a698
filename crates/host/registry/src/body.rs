//! The body of an answer, read with a deadline and a bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Url;
use tokio::time::{Instant, timeout};

use crate::dial::{Cause, CauseKind};
use crate::endpoint::dialled;
use crate::error::Error;

/// How much has to come within the idle deadline. Single bytes now and then would hold a pull up for ever.
const PROGRESS: u64 = 16 << 10;

/// A body under way.
pub(crate) struct Body {
    response: reqwest::Response,
    url: Url,
    idle: Duration,
    /// How long may still be waited for the next [`PROGRESS`] bytes. The reader's own time does not count.
    left: Duration,
    /// What came since `left` was whole, in bytes.
    since: u64,
}

impl Body {
    pub fn new(response: reqwest::Response, url: &Url, idle: Duration) -> Self {
        Self { response, url: url.clone(), idle, left: idle, since: 0 }
    }

    /// The length that the head announces, in bytes.
    pub fn announced(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let start = Instant::now();
        let outcome = timeout(self.left, self.response.chunk()).await;
        let failed = |cause| Error::transport("Get", &self.url, cause);
        let piece = match outcome {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => return Err(failed(Cause::of(&error, &dialled(&self.url)))),
            Err(_) => return Err(failed(stalled())),
        };
        self.left = self.left.saturating_sub(start.elapsed());
        self.since += piece.as_ref().map_or(0, Bytes::len) as u64;
        if self.since >= PROGRESS {
            (self.since, self.left) = (0, self.idle);
        }
        Ok(piece)
    }

    /// The whole body, if it has at most `limit` bytes. `what` is its name in an error.
    pub async fn all(mut self, limit: usize, what: &'static str) -> Result<Bytes, Error> {
        let too_large = Error::TooLarge { what, limit };
        if self.announced().is_some_and(|length| length > limit as u64) {
            return Err(too_large);
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            if whole.len() + piece.len() > limit {
                return Err(too_large);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

/// Go's text for a body that stops coming.
fn stalled() -> Cause {
    let text = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
    Cause::new(CauseKind::Deadline, text)
}
