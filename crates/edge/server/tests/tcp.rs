//! TCP without encryption: only where asked for, and never for web pages.

mod support;

use server::Limits;
use support::{Answer, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A port that is free now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn ask(port: u16, head: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    Answer::parse(&all)
}

#[tokio::test]
async fn web_pages_are_refused() {
    let port = free_port();
    let host = Host::with(Limits::DEFAULT, &[format!("tcp://127.0.0.1:{port}")]).await;
    for (head, status) in [
        ("GET /_ping HTTP/1.1\r\nHost: 127.0.0.1:2375", 200),
        ("GET /_ping HTTP/1.1\r\nHost: localhost", 200),
        ("GET /_ping HTTP/1.1\r\nHost: evil.example", 403),
        ("GET /_ping HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1", 403),
        ("OPTIONS /containers/create HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://evil.example", 403),
        ("POST /containers/web/start HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: null", 403),
    ] {
        let answer = ask(port, head).await;
        assert_eq!(answer.status, status, "{head}");
        assert!(!answer.head.contains("access-control"), "{head}");
    }
    let form = "POST /containers/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 0";
    assert_eq!(ask(port, form).await.status, 400);
    assert!(host.engine.seen().is_empty());
}

#[tokio::test]
async fn a_taken_port_and_tls_are_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", taken.local_addr().unwrap());
    let error = server::listen(std::slice::from_ref(&address), None, None).await.unwrap_err().to_string();
    assert!(error.contains(&address) && error.contains("bind"), "{error}");
    let error = server::listen(&["fd://".into()], None, None).await.unwrap_err().to_string();
    assert!(error.contains("LISTEN_FDS"), "{error}");
}
