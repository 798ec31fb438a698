//! Answers that take their time: streams, hijacked connections, clients that go away.

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use server::Limits;
use support::fake::frame;
use support::{Answer, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Reads until the text has come.
async fn read_until(stream: &mut UnixStream, wanted: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while !all.windows(wanted.len()).any(|found| found == wanted) {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.unwrap();
        assert_ne!(length, 0, "ended after {:?}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&chunk[..length]);
    }
    all
}

async fn send(host: &Host, request: &str, headers: &str) -> UnixStream {
    let mut stream = host.connect().await;
    let head = format!("{request} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

const UPGRADE: &str = "Upgrade: tcp\r\nConnection: Upgrade\r\n";

async fn attach(host: &Host, query: &str) -> (UnixStream, String) {
    let mut stream = send(host, &format!("POST /containers/web/attach?{query}"), UPGRADE).await;
    let head = read_until(&mut stream, b"\r\n\r\n").await;
    assert!(head.ends_with(b"\r\n\r\n"), "nothing comes before the process writes");
    (stream, String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn attach_turns_the_connection_into_streams_with_half_close() {
    let host = Host::start().await;
    let (mut stream, head) = attach(&host, "stream=1&stdin=1&stdout=1&stderr=1").await;
    assert!(head.starts_with("HTTP/1.1 101 UPGRADED\r\n"), "{head}");
    for line in ["Upgrade: tcp", "Connection: Upgrade", "Content-Type: application/vnd.docker.multiplexed-stream"] {
        assert!(head.to_lowercase().contains(&line.to_lowercase()), "{line}: {head}");
    }
    stream.write_all(b"hello\n").await.unwrap();
    let mut answer = vec![0; 14];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, frame(b"hello\n"));
    // Standard input ends; the output does not yet.
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, frame(b"bye\n"));
}

#[tokio::test]
async fn bytes_sent_with_the_request_are_not_lost() {
    let host = Host::start().await;
    let mut stream = host.connect().await;
    let request = format!("POST /containers/web/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: d\r\n{UPGRADE}\r\nearly\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.ends_with(&[frame(b"early\n"), frame(b"bye\n")].concat()), "{:?}", String::from_utf8_lossy(&all));
}

#[tokio::test]
async fn without_an_upgrade_the_output_is_the_body() {
    let host = Host::start().await;
    let request = "POST /v1.41/containers/web/attach?stream=1&stdin=1&stdout=1";
    let answer = host.ask_with(request, "", b"hello\n").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/vnd.docker.raw-stream"));
    assert_eq!(answer.body.as_bytes(), [frame(b"hello\n"), frame(b"bye\n")].concat());
}

#[tokio::test]
async fn keys_detach_from_a_terminal_and_only_from_one() {
    let host = Host::start().await;
    let (mut stream, _) = attach(&host, "stream=1&stdin=1&detachKeys=x,y").await;
    stream.write_all(b"xy").await.unwrap();
    let mut answer = vec![0; 10];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, frame(b"xy"));

    host.engine.state.terminal.store(true, Ordering::SeqCst);
    let (mut stream, head) = attach(&host, "stream=1&stdin=1&detachKeys=x,y").await;
    assert!(head.contains("application/vnd.docker.raw-stream"), "{head}");
    stream.write_all(b"a").await.unwrap();
    read_until(&mut stream, b"a").await;
    stream.write_all(b"x").await.unwrap();
    stream.write_all(b"yz").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "the keys are not echoed");
    assert!(host.engine.seen().contains(&"detached".to_owned()));

    // An exec brings its own keys.
    let mut stream =
        send(&host, "POST /exec/exec1/start", &format!("Content-Type: application/json\r\n{UPGRADE}")).await;
    read_until(&mut stream, b"\r\n\r\n").await;
    stream.write_all(b"x").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_refused_attach_is_an_ordinary_answer() {
    let host = Host::start().await;
    let answer = host.ask_with("POST /containers/nobody/attach?stream=1", UPGRADE, b"").await;
    assert_eq!((answer.status, answer.message().as_str()), (404, "No such container: nobody"));
    let detached = host.ask_json("POST /exec/exec1/start", r#"{"Detach":true}"#).await;
    assert_eq!((detached.status, detached.body.as_str()), (200, ""));
}

#[tokio::test]
async fn a_client_that_is_gone_lets_its_attach_go() {
    let host = Host::start().await;
    for _ in 0..50 {
        let (stream, _) = attach(&host, "stream=1&stdout=1").await;
        drop(stream);
    }
    // The silent process never ends: only the clients' absence ends these.
    while host.engine.state.joined.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn wait_answers_its_head_at_once() {
    let host = Host::start().await;
    let mut stream = send(&host, "POST /containers/web/wait?condition=next-exit", "Connection: close\r\n").await;
    let head = read_until(&mut stream, b"\r\n\r\n").await;
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    host.ask("POST /containers/web/start").await;
    let rest = read_until(&mut stream, b"\r\n0\r\n\r\n").await;
    let answer = Answer::parse(&[head, rest].concat());
    assert_eq!(answer.body, "{\"StatusCode\":7}\n");
    assert_eq!(host.engine.seen()[0], "wait NextExit");
}

#[tokio::test]
async fn progress_comes_line_by_line_and_an_error_last() {
    let host = Host::start().await;
    let answer = host.ask("POST /images/create?fromImage=broken").await;
    assert_eq!(answer.status, 200);
    let lines: Vec<&str> = answer.body.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1], r#"{"status":"Pull complete","progressDetail":{},"id":"0123456789ab"}"#);
    assert_eq!(lines[2], r#"{"errorDetail":{"message":"wrong digest"},"error":"wrong digest"}"#);

    let mut stream = send(&host, "POST /images/create?fromImage=slow", "").await;
    read_until(&mut stream, b"Pull complete").await;
}

#[tokio::test]
async fn streams_end_with_their_clients() {
    let host = Host::start().await;
    for (request, sign) in [
        ("POST /images/create?fromImage=slow", "Pull complete"),
        ("GET /events", "\"Action\":\"start\""),
        ("GET /containers/web/logs?follow=1&stdout=1", "out"),
    ] {
        let before = host.engine.state.dropped.load(Ordering::SeqCst);
        let mut stream = send(&host, request, "").await;
        read_until(&mut stream, sign.as_bytes()).await;
        drop(stream);
        while host.engine.state.dropped.load(Ordering::SeqCst) == before {
            host.engine.state.was_dropped.notified().await;
        }
    }
}

#[tokio::test]
async fn an_action_goes_on_when_its_client_leaves() {
    let host = Host::start().await;
    let stream = send(&host, "POST /containers/web/stop?t=77", "").await;
    while host.engine.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    host.ask("GET /_ping").await;
    host.engine.state.go.notify_one();
    while host.engine.state.finished.load(Ordering::SeqCst) == 0 {
        host.engine.state.was_dropped.notified().await;
    }
}

#[tokio::test]
async fn logs_have_frames_times_and_types() {
    let host = Host::start().await;
    let answer = host.ask("GET /containers/web/logs?stdout=1&stderr=1&tail=5&since=1.5").await;
    assert_eq!(answer.header("content-type"), Some("application/vnd.docker.multiplexed-stream"));
    assert_eq!(answer.body, "\u{1}\0\0\0\0\0\0\u{4}out\n\u{2}\0\0\0\0\0\0\u{4}err\n");
    let seen = host.engine.seen();
    assert!(seen[0].contains("tail: Some(5)") && seen[0].contains("since: Some(1500000000)"), "{seen:?}");
    host.engine.state.terminal.store(true, Ordering::SeqCst);
    let answer = host.ask("GET /containers/web/logs?stdout=1&timestamps=1&tail=all").await;
    assert_eq!(answer.body, "2023-11-14T22:13:20.000000000Z out\n2023-11-14T22:13:20.000000000Z err\n");
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_shown_out() {
    let limits = Limits { head: Duration::from_millis(200), ..Limits::DEFAULT };
    let host = Host::with(limits, &[]).await;
    for begun in ["", "P", "GET /_ping HTTP/1.1\r\nHo"] {
        let mut stream = host.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // Ends, with an answer or without one.
        let _ = stream.read_to_end(&mut rest).await;
    }
    let begun = "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{";
    let mut stream = host.connect().await;
    stream.write_all(begun.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(Answer::parse(&all).message().contains("did not come in time"));
    // A long answer is no slow request.
    let mut stream = send(&host, "GET /events", "").await;
    read_until(&mut stream, b"start").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(host.engine.state.dropped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_so_many_connections_are_served_and_hijacked_ones_count() {
    let host = Host::with(Limits { connections: 2, ..Limits::DEFAULT }, &[]).await;
    let (first, _) = attach(&host, "stream=1&stdin=1").await;
    let (second, _) = attach(&host, "stream=1&stdin=1").await;
    let asked = host.ask("GET /_ping");
    tokio::pin!(asked);
    let early = tokio::time::timeout(Duration::from_millis(100), &mut asked).await;
    assert!(early.is_err(), "a third one waits");
    drop(first);
    assert_eq!(asked.await.status, 200);
    drop(second);
}

#[tokio::test]
async fn stopping_cuts_endless_answers_and_removes_the_socket() {
    let host = Host::start().await;
    let mut events = send(&host, "GET /events", "").await;
    read_until(&mut events, b"start").await;
    let (mut attached, _) = attach(&host, "stream=1&stdin=1").await;
    let socket = host.stop().await;
    assert!(!socket.exists());
    let mut rest = Vec::new();
    events.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "a cut stream must not look whole");
    let _ = attached.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn http2_is_spoken_without_tls() {
    let host = Host::start().await;
    let output = tokio::process::Command::new("curl")
        .args(["-s", "--http2-prior-knowledge", "-w", " %{http_version}", "--unix-socket"])
        .arg(host.socket())
        .arg("http://d/_ping")
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "OK 2");
}
