//! `GET|HEAD /_ping`: is somebody there, and who.

use bytes::Bytes;
use fault::{Fault, Result};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn ping(call: Call) -> Result<Answer> {
    let about = call.engine.ping();
    let mut answer = answer::whole(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from_static(b"OK"));
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    for (name, text) in [("builder-version", about.builder), ("swarm", &about.swarm)] {
        if !text.is_empty() {
            let value = text.parse().map_err(|_| Fault::system(format!("header {name}: {text:?} is no header")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(answer)
}

/// The same without a body: its length is told as none at all.
pub(in crate::route) async fn ping_head(call: Call) -> Result<Answer> {
    let (mut parts, _) = ping(call).await?.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    let empty = answer::whole(StatusCode::OK, "text/plain; charset=utf-8", Bytes::new());
    Ok(Answer::from_parts(parts, empty.into_body()))
}
