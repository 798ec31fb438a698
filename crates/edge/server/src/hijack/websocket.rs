//! Attaching by websocket (RFC 6455), for clients in browsers.
//!
//! Output goes out as it is, in binary messages since 1.28 and in text before, both streams in one and without Docker's
//! frames, as the original does it. Messages of either kind are input; the client's close is its end.

use std::pin::Pin;

use api::version::ApiVersion;
use engine::reply::Attached;
use fault::{Fault, Result};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;

use super::Join;
use super::detach::Scanner;
use crate::answer::{self, Answer};
use crate::request::Call;

/// Bytes of the largest message that a client may send.
const LARGEST: usize = 1 << 20;
/// What is sent in one message at most, in bytes.
const CHUNK: usize = 32 << 10;

/// A handshake that was asked for.
#[derive(Debug)]
pub(crate) struct Handshake {
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
}

impl Handshake {
    /// Reads what the client offers: RFC 6455, section 4.2.1.
    ///
    /// # Errors
    /// `InvalidParameter` for what is no handshake.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self> {
        let has = |name: header::HeaderName, word: &str| {
            let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
        };
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| !key.is_empty());
        match key {
            _ if !has(header::UPGRADE, "websocket") || !has(header::CONNECTION, "upgrade") => {
                Err(Fault::invalid("not websocket protocol"))
            }
            _ if !has(header::SEC_WEBSOCKET_VERSION, "13") => {
                Err(Fault::invalid("websocket: only version 13 is supported"))
            }
            None => Err(Fault::invalid("websocket: Sec-WebSocket-Key is missing")),
            Some(key) => {
                let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
                let accept = accept.map_err(|error| Fault::system(format!("websocket: {error}")))?;
                // One of those that the client speaks, or it hangs up.
                let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
                let first = offered.and_then(|list| list.split(',').next()).map(str::trim);
                Ok(Self { accept, protocol: first.and_then(|first| HeaderValue::from_str(first).ok()) })
            }
        }
    }
}

/// Answers with the joined streams.
pub(crate) fn answer(call: Call, handshake: Handshake, attached: Attached, join: Join) -> Result<Answer> {
    let (version, stopping) = (call.version, call.stopping());
    let (Some(upgrade), _) = call.into_connection() else { return Err(Fault::invalid("not websocket protocol")) };
    tokio::spawn(run(upgrade, attached, join, version, stopping));
    let mut answer = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, handshake.accept);
    if let Some(protocol) = handshake.protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(answer)
}

async fn run(upgrade: OnUpgrade, attached: Attached, join: Join, version: ApiVersion, stopping: CancellationToken) {
    let Some((connection, begun)) = super::take(upgrade).await else { return };
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let socket = WebSocketStream::from_partially_read(connection, begun.to_vec(), Role::Server, Some(config)).await;
    let (to_client, from_client) = socket.split();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = pump(to_client, from_client, attached, join, version >= ApiVersion::v1(28)) => {}
    }
}

type Error = tungstenite::Error;

/// Copies both ways until the output ends, the client detaches or it goes away.
async fn pump(
    mut to_client: impl Sink<Message, Error = Error> + Unpin,
    from_client: impl Stream<Item = Result<Message, Error>> + Unpin,
    attached: Attached,
    join: Join,
    binary: bool,
) {
    let Attached { terminal, mut reader, writer, detached, .. } = attached;
    let frames = (!terminal).then(Frames::default);
    let keys = (terminal && join.stdin).then(|| Scanner::new(&join.keys));
    tokio::select! {
        () = copy_output(&mut reader, frames, &mut to_client, binary) => {}
        is_detached = copy_input(from_client, writer, join.stdin, keys) => if is_detached { detached() },
    }
    // Who does not read it does not hold us up.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), part(&mut to_client)).await;
}

/// Says that this is the end as it should be: without a code, clients take the connection for lost.
async fn part(client: &mut (impl Sink<Message, Error = Error> + Unpin)) {
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    // Where the client was first its close is answered already.
    let _ = client.send(Message::Close(Some(frame))).await;
    let _ = client.close().await;
}

async fn copy_output(
    reader: &mut (impl AsyncRead + Unpin),
    mut frames: Option<Frames>,
    client: &mut (impl Sink<Message, Error = Error> + Unpin),
    binary: bool,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = reader.read(&mut chunk).await {
        let bytes = match &mut frames {
            Some(frames) => frames.strip(&chunk[..length]),
            None => chunk[..length].to_vec(),
        };
        if bytes.is_empty() {
            continue;
        }
        let message = match binary {
            true => Message::binary(bytes),
            false => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
        };
        if client.send(message).await.is_err() {
            return;
        }
    }
}

/// Copies input; says whether the client has typed the keys that detach. A client that only closes its direction cannot be
/// told from one that leaves.
async fn copy_input(
    mut client: impl Stream<Item = Result<Message, Error>> + Unpin,
    mut process: Pin<Box<dyn AsyncWrite + Send>>,
    stdin: bool,
    mut keys: Option<Scanner>,
) -> bool {
    while let Some(Ok(message)) = client.next().await {
        let bytes = match message {
            Message::Text(text) => bytes::Bytes::from(text),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => break,
            _ => continue,
        };
        if !stdin {
            continue;
        }
        let (bytes, is_detached) = match &mut keys {
            Some(keys) => keys.scan(&bytes),
            None => (std::borrow::Cow::Borrowed(&bytes[..]), false),
        };
        // What a process does not read any more is dropped.
        let _ = process.write_all(&bytes).await;
        let _ = process.flush().await;
        if is_detached {
            return true;
        }
    }
    if stdin {
        let _ = process.shutdown().await;
    }
    false
}

/// Takes Docker's frames off what comes in pieces: a byte for the stream, three of nothing, four of the length.
#[derive(Debug, Default)]
struct Frames {
    head: Vec<u8>,
    left: usize,
}

impl Frames {
    fn strip(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        const HEAD: usize = 8;
        let mut content = Vec::with_capacity(bytes.len());
        while !bytes.is_empty() {
            if self.left == 0 {
                let (part, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
                self.head.extend_from_slice(part);
                bytes = rest;
                if let &[_, _, _, _, a, b, c, d] = self.head.as_slice() {
                    self.left = u32::from_be_bytes([a, b, c, d]) as usize;
                    self.head.clear();
                }
                continue;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(self.left));
            content.extend_from_slice(part);
            self.left -= part.len();
            bytes = rest;
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_off_wherever_they_are_cut() {
        let whole =
            [&[1, 0, 0, 0, 0, 0, 0, 3], &b"one"[..], &[2, 0, 0, 0, 0, 0, 0, 0], &[2, 0, 0, 0, 0, 0, 0, 1], b"2"]
                .concat();
        for cut in 0..whole.len() {
            let mut frames = Frames::default();
            let (first, second) = whole.split_at(cut);
            assert_eq!([frames.strip(first), frames.strip(second)].concat(), b"one2", "{cut}");
        }
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        let good = [
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "chat, other"),
        ];
        let headers = |without: &str| {
            let pairs = good.iter().filter(|(name, _)| *name != without);
            pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
        };
        let handshake = Handshake::read(&headers("")).unwrap();
        // The example of RFC 6455, section 1.3.
        assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(handshake.protocol.unwrap(), "chat");
        for (name, _) in &good[..4] {
            assert!(Handshake::read(&headers(name)).is_err(), "{name}");
        }
        assert_eq!(Handshake::read(&headers("sec-websocket-protocol")).unwrap().protocol, None);
    }
}
