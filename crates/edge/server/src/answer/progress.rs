//! Streams of JSON, a line for each message.

use api::progress::JsonMessage;
use bytes::Bytes;
use engine::action::Progress;
use fault::{Fault, Result};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Answer, JSON};

/// Answers progress. While nothing was sent an error is the request's, and after that the last line of the stream.
pub(crate) async fn answer(stopping: CancellationToken, mut progress: Progress) -> Result<Answer> {
    let first = match progress.next().await {
        Some(Err(fault)) => return Err(fault),
        first => first,
    };
    let messages = stream::iter(first).chain(progress);
    Ok(super::stream(JSON, stopping, lines(messages)))
}

/// The lines of a stream, up to its first error.
fn lines(messages: impl Stream<Item = Result<JsonMessage>> + Send) -> impl Stream<Item = Result<Bytes>> + Send {
    messages
        .scan(false, |failed, message| {
            let next = (!*failed).then_some(message);
            *failed |= next.as_ref().is_some_and(Result::is_err);
            std::future::ready(next)
        })
        .map(|message| line(&message.unwrap_or_else(|fault| JsonMessage::error(0, fault.message())), "\r\n"))
}

/// One value and the line's end; Docker ends lines of progress with `\r\n` and those of events with `\n`.
pub(crate) fn line(value: &impl Serialize, end: &str) -> Result<Bytes> {
    let mut text = serde_json::to_vec(value).map_err(|error| Fault::system(format!("write the answer: {error}")))?;
    text.extend_from_slice(end.as_bytes());
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_error_is_the_last_line() {
        let messages = [Ok(JsonMessage::status("a")), Err(Fault::system("boom")), Ok(JsonMessage::status("never"))];
        let lines: Vec<_> = lines(stream::iter(messages)).collect().await;
        let lines: Vec<_> = lines.into_iter().map(|line| String::from_utf8(line.unwrap().into()).unwrap()).collect();
        assert_eq!(
            lines,
            ["{\"status\":\"a\"}\r\n", "{\"errorDetail\":{\"message\":\"boom\"},\"error\":\"boom\"}\r\n"]
        );
    }
}
