//! A blob under way: it goes on where it stopped when the connection is cut.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use http::{StatusCode, header};
use names::Digest;

use crate::body::Body;
use crate::dial::CauseKind;
use crate::error::Error;
use crate::repository::{Repository, Source};
use crate::wire::Answer;

/// How much has to come before failures are counted from zero again, in bytes.
const FORGIVEN: u64 = 1 << 20;

/// A blob under way. Exactly the announced number of bytes comes out of it, or an error.
pub struct Blob {
    repository: Repository,
    digest: Digest,
    size: u64,
    /// The next byte that is wanted.
    offset: u64,
    /// How much of the body lies before that byte.
    skip: u64,
    body: Option<Body>,
    source: Source,
    failures: u32,
    /// What came since the last failure, in bytes.
    since: u64,
}

impl Blob {
    pub(crate) async fn open(repository: Repository, digest: Digest, size: u64, offset: u64) -> Result<Self, Error> {
        if offset > size {
            return Err(Error::Range(digest));
        }
        let mut failure = None;
        for source in repository.sources() {
            let mut blob = Self {
                repository: repository.clone(),
                digest: digest.clone(),
                size,
                offset,
                skip: 0,
                body: None,
                source: source.clone(),
                failures: 0,
                since: 0,
            };
            match blob.connect().await {
                Ok(()) => return Ok(blob),
                Err(error) => failure = Some(repository.note_failure(&source, error)),
            }
        }
        Err(failure.unwrap_or_else(|| repository.no_endpoint()))
    }

    /// The next byte that will come.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the bytes come from a mirror; if their hash is wrong, [`Repository::without_mirrors`] may have the right
    /// ones.
    pub fn is_from_mirror(&self) -> bool {
        matches!(self.source, Source::Mirror(_))
    }

    /// The next piece; `None` after the last byte. A cut or silent connection is made anew from the same byte on, a
    /// bounded number of times.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.next().await {
                Ok(Some(piece)) => match self.take(piece)? {
                    piece if piece.is_empty() => {}
                    piece => return Ok(Some(piece)),
                },
                Ok(None) if self.offset == self.size => return Ok(None),
                Ok(None) => return Err(self.wrong_length(self.offset.to_string())),
                Err(error) => self.recover(error).await?,
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.body.is_none() {
            self.connect().await?;
        }
        match &mut self.body {
            Some(body) => body.chunk().await,
            None => Ok(None),
        }
    }

    /// The pieces as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        stream::unfold(Some(self), |blob| async {
            let mut blob = blob?;
            match blob.chunk().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(blob))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    pub(crate) async fn all(mut self) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Counts a piece, and drops what was had before where the registry sends the blob from its beginning again.
    fn take(&mut self, mut piece: Bytes) -> Result<Bytes, Error> {
        let skipped = self.skip.min(piece.len() as u64);
        self.skip -= skipped;
        piece.advance(skipped as usize);
        let length = piece.len() as u64;
        if length > self.size - self.offset {
            return Err(self.wrong_length(format!("more than {}", self.size)));
        }
        self.offset += length;
        self.since += length;
        if self.since >= FORGIVEN {
            self.failures = 0;
        }
        Ok(piece)
    }

    /// Waits before the next try, or gives up. From a mirror that fails the way leads to the registry itself.
    async fn recover(&mut self, error: Error) -> Result<(), Error> {
        self.body = None;
        self.since = 0;
        self.failures += 1;
        let is_connection = error.is_transient() || error.cause().is_some_and(|cause| cause.kind == CauseKind::Connect);
        match self.repository.backoff().pause(self.failures).filter(|_| is_connection) {
            Some(pause) => tokio::time::sleep(pause).await,
            None if self.is_from_mirror() => {
                self.repository.note_failure(&self.source, error);
                self.source = Source::Origin;
                self.failures = 0;
            }
            None => return Err(error),
        }
        Ok(())
    }

    /// Asks for the rest. Where nothing is left nothing is asked, and there is no body.
    async fn connect(&mut self) -> Result<(), Error> {
        if self.offset == self.size {
            return Ok(());
        }
        let access = self.repository.reach(&self.source).await?;
        let answer = access.ask(&self.repository.blob_ask(&self.digest, self.offset)).await?;
        self.skip = if self.is_rest(&answer)? { 0 } else { self.offset };
        let before = self.offset - self.skip;
        if let Some(length) = answer.body.announced().filter(|length| *length != self.size - before) {
            return Err(self.wrong_length(length.saturating_add(before).to_string()));
        }
        self.body = Some(answer.body);
        Ok(())
    }

    /// Whether the answer begins at the wanted byte, and not at the first one.
    fn is_rest(&self, answer: &Answer) -> Result<bool, Error> {
        if answer.status != StatusCode::PARTIAL_CONTENT {
            return Ok(false);
        }
        let header = answer.headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
        match header.and_then(content_range) {
            Some((start, total)) if start == self.offset => match total {
                Some(total) if total != self.size => Err(self.wrong_length(total.to_string())),
                _ => Ok(true),
            },
            _ => Err(Error::Range(self.digest.clone())),
        }
    }

    fn wrong_length(&self, actual: String) -> Error {
        Error::Length { digest: self.digest.clone(), announced: self.size, actual }
    }
}

/// The first byte and the whole length in `bytes 5-9/10`; the length may be `*`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((start.parse().ok()?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_content_ranges() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for text in ["", "5-9/10", "bytes */10", "bytes -9/10", "bytes 5-9", "bytes 5-9/x", "items 5-9/10"] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }
}
