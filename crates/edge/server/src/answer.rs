//! What a request is answered.

pub(crate) mod frames;
pub(crate) mod progress;

use bytes::Bytes;
use fault::{Fault, Result};
use futures_util::{Stream, StreamExt, TryStreamExt};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use api::error::ErrorResponse;

/// The body of an answer. An error in the middle cuts the connection, so that no client takes a part for the whole.
pub(crate) type Body = UnsyncBoxBody<Bytes, Fault>;

/// An answer.
pub(crate) type Answer = Response<Body>;

/// The content type of JSON.
pub(crate) const JSON: &str = "application/json";
/// Of an archive.
pub(crate) const TAR: &str = "application/x-tar";

/// A status alone.
pub(crate) fn empty(status: StatusCode) -> Answer {
    with(status, None, Empty::new().map_err(|never| match never {}).boxed_unsync())
}

/// One JSON value and a newline, as Go's encoder writes it.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Answer> {
    let mut text = serde_json::to_vec(value).map_err(|error| Fault::system(format!("write the answer: {error}")))?;
    text.push(b'\n');
    Ok(whole(status, JSON, text.into()))
}

/// Bytes that are there already.
pub(crate) fn whole(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Answer {
    with(status, Some(content_type), Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}

/// Bytes as they come, until the client goes away or the daemon stops. Each item is sent at once.
pub(crate) fn stream(
    content_type: &'static str,
    stopping: CancellationToken,
    items: impl Stream<Item = Result<Bytes>> + Send + 'static,
) -> Answer {
    let ended = stopping.clone();
    let cut = futures_util::stream::once(async move { ended.is_cancelled() })
        .filter(|&cut| std::future::ready(cut))
        .map(|_| Err(Fault::unavailable("the daemon is stopping")));
    let items = items.take_until(stopping.cancelled_owned()).chain(cut);
    let frames = items.map_ok(Frame::data);
    with(StatusCode::OK, Some(content_type), StreamBody::new(frames).boxed_unsync())
}

/// The answer to a refused request.
pub(crate) fn fault(fault: &Fault) -> Answer {
    let status = StatusCode::from_u16(fault.kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status == StatusCode::NOT_MODIFIED {
        return empty(status);
    }
    message(status, fault.message())
}

/// The same with any status.
pub(crate) fn message(status: StatusCode, message: &str) -> Answer {
    json(status, &ErrorResponse { message: message.to_owned() }).unwrap_or_else(|_| empty(status))
}

fn with(status: StatusCode, content_type: Option<&'static str>, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    if let Some(content_type) = content_type {
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}
