//! Attaching by websocket, by a client that is not ours.

mod support;

use std::sync::atomic::Ordering;

use futures_util::{SinkExt, StreamExt};
use support::Host;
use tokio::net::UnixStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

async fn attach(host: &Host, version: &str, query: &str) -> Result<WebSocketStream<UnixStream>, Error> {
    let address = format!("ws://d{version}/containers/web/attach/ws?{query}");
    client_async(address, host.connect().await).await.map(|(socket, _)| socket)
}

#[tokio::test]
async fn input_and_output_are_messages_without_frames() {
    let host = Host::start().await;
    let mut socket = attach(&host, "", "stream=1&stdin=1&stdout=1&stderr=1").await.unwrap();
    socket.send(Message::text("hello\n")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(&b"hello\n"[..]));
    socket.send(Message::binary(&b"again\n"[..])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(&b"again\n"[..]));
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
    while host.engine.state.joined.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    let seen = host.engine.seen();
    assert!(seen.iter().any(|call| call.contains("stdin: true, stdout: true, stderr: true")), "{seen:?}");
}

#[tokio::test]
async fn old_versions_join_everything_and_have_text() {
    let host = Host::start().await;
    let mut socket = attach(&host, "/v1.25", "stream=1").await.unwrap();
    socket.send(Message::text("hello\n")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello\n"));
}

#[tokio::test]
async fn keys_detach_from_a_terminal() {
    let host = Host::start().await;
    host.engine.state.terminal.store(true, Ordering::SeqCst);
    let mut socket = attach(&host, "", "stream=1&stdin=1&stdout=1&detachKeys=ctrl-x").await.unwrap();
    socket.send(Message::binary(&b"a"[..])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(&b"a"[..]));
    socket.send(Message::binary(&b"\x18"[..])).await.unwrap();
    let Message::Close(Some(end)) = socket.next().await.unwrap().unwrap() else { panic!("no close with a code") };
    assert_eq!(end.code, CloseCode::Normal);
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
    assert!(host.engine.seen().contains(&"detached".to_owned()));
}

#[tokio::test]
async fn a_message_beyond_all_bounds_ends_the_connection() {
    let host = Host::start().await;
    let mut socket = attach(&host, "", "stream=1&stdin=1&stdout=1").await.unwrap();
    let _ = socket.send(Message::binary(vec![0; 2 << 20])).await;
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
    assert_eq!(host.ask("GET /_ping").await.status, 200);
}

#[tokio::test]
async fn what_does_not_exist_is_refused_before_the_handshake() {
    let host = Host::start().await;
    let stream = host.connect().await;
    let refused = client_async("ws://d/containers/none/attach/ws?stream=1", stream).await.unwrap_err();
    assert!(matches!(refused, Error::Http(answer) if answer.status() == 404));
    assert_eq!(host.ask("GET /containers/web/attach/ws?stream=1").await.status, 400);
}
