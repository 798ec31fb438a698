//! Bodies of requests.

use api::json;
use engine::request::Body;
use fault::{Fault, Result};
use futures_util::TryStreamExt;
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::{BodyDataStream, BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use serde::de::DeserializeOwned;
use tokio_util::io::StreamReader;

use crate::limits::Limits;

/// The body as JSON; the zero value where there is none, whatever its type is said to be: clients before 23 call the
/// nothing that they start a container with `text/plain`.
pub(super) async fn json<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: &mut Incoming,
    limits: Limits,
) -> Result<T> {
    if body.is_end_stream() {
        return Ok(T::default());
    }
    check_type(headers, body)?;
    let text = collect(body, limits).await?;
    if text.is_empty() { Ok(T::default()) } else { parse(&text) }
}

/// The body as JSON.
pub(super) async fn required_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &mut Incoming,
    limits: Limits,
) -> Result<T> {
    check_type(headers, body)?;
    let text = collect(body, limits).await?;
    if text.trim_ascii().is_empty() {
        return Err(Fault::invalid("invalid JSON: got EOF while reading request body"));
    }
    parse(&text)
}

/// The body as it comes.
pub(super) fn reader(body: Incoming) -> Body {
    Box::pin(StreamReader::new(BodyDataStream::new(body).map_err(std::io::Error::other)))
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    json::from_slice(text).map_err(|error| match error.is_trailing() {
        true => Fault::invalid("unexpected content after JSON"),
        false => Fault::invalid(format!("invalid JSON: {error}")),
    })
}

/// A body must say that it is JSON; without one nothing need be said.
fn check_type(headers: &HeaderMap, body: &Incoming) -> Result<()> {
    let given = headers.get(header::CONTENT_TYPE).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
    if given.is_empty() && body.is_end_stream() {
        return Ok(());
    }
    let kind = given.split(';').next().unwrap_or_default().trim();
    let shown = super::echo(given);
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Ok(()),
        "" => Err(Fault::invalid(format!("malformed Content-Type header ({shown}): mime: no media type"))),
        _ => Err(Fault::invalid(format!("unsupported Content-Type header ({shown}): must be 'application/json'"))),
    }
}

/// The whole body; one that says to be too long is refused before it is read.
async fn collect(body: &mut Incoming, limits: Limits) -> Result<Bytes> {
    let limit = limits.json_bytes;
    let too_long = || Fault::invalid(format!("request body is longer than {limit} bytes"));
    if body.size_hint().lower() > limit as u64 {
        return Err(too_long());
    }
    let reading = tokio::time::timeout(limits.head, Limited::new(body, limit).collect());
    match reading.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(error)) => Err(Fault::invalid(format!("read the request's body: {error}"))),
        Err(_) => Err(Fault::invalid("read the request's body: it did not come in time")),
    }
}
