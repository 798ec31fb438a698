//! Response bodies: whole, as bytes, or as a stream of JSON values.

use crate::Error;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

/// The longest answer that is read whole, in bytes; a list of ten thousand containers stays far below.
const WHOLE_LIMIT: usize = 256 << 20;
/// The longest single value of a JSON stream, in bytes.
const VALUE_LIMIT: usize = 16 << 20;

/// The body of a successful answer.
pub struct Body {
    pub(crate) incoming: Incoming,
    pub(crate) headers: http::HeaderMap,
}

impl Body {
    /// The media type without parameters.
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or("").split(';').next().unwrap_or("").trim()
    }

    /// A header of the answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Reads everything, up to 256 MiB.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let mut reader = self.reader();
        let mut all = BytesMut::new();
        while let Some(chunk) = reader.chunk().await? {
            if all.len() + chunk.len() > WHOLE_LIMIT {
                return Err(Error::Protocol { step: "read the daemon's answer", cause: "it is too long".into() });
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Reads everything as one JSON value.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "EOF").into());
        }
        api::json::from_slice(&bytes)
            .map_err(|error| Error::Protocol { step: "read the daemon's answer", cause: error.to_string() })
    }

    /// The body as chunks of bytes.
    pub fn reader(self) -> Reader {
        Reader { incoming: self.incoming }
    }

    /// The body as JSON values one after another.
    pub fn json_stream(self) -> JsonStream {
        JsonStream { reader: self.reader(), buffer: BytesMut::new(), ended: false }
    }
}

/// Chunks of a body as they arrive.
pub struct Reader {
    incoming: Incoming,
}

impl Reader {
    /// The next chunk, or `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.incoming.frame().await {
            if let Ok(data) = frame.map_err(Error::transport)?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// JSON values as they arrive, with or without line breaks between them.
pub struct JsonStream {
    reader: Reader,
    buffer: BytesMut,
    ended: bool,
}

impl JsonStream {
    /// The next value, or `None` at the end.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        loop {
            let mut values = serde_json::Deserializer::from_slice(&self.buffer).into_iter::<serde_json::Value>();
            match values.next() {
                Some(Ok(value)) => {
                    let used = values.byte_offset();
                    self.buffer.advance(used);
                    return api::json::from_value(&value).map(Some).map_err(broken);
                }
                Some(Err(error)) if !error.is_eof() || self.ended => return Err(broken(error)),
                None if self.ended => return Ok(None),
                _ => {}
            }
            match self.reader.chunk().await? {
                Some(chunk) if self.buffer.len() + chunk.len() > VALUE_LIMIT => {
                    return Err(Error::Protocol {
                        step: "read the daemon's stream",
                        cause: "a value is too long".into(),
                    });
                }
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => self.ended = true,
            }
        }
    }
}

fn broken(error: impl std::error::Error) -> Error {
    Error::Protocol { step: "read the daemon's stream", cause: error.to_string() }
}
