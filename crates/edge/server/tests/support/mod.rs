//! A server with a scripted engine behind it, and raw clients.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod fake;

use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use server::{Limits, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use fake::Fake;

/// A running server.
pub struct Host {
    place: tempfile::TempDir,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    pub engine: Fake,
}

impl Host {
    pub async fn start() -> Self {
        Self::with(Limits::DEFAULT, &[]).await
    }

    /// Listens on a unix socket, and on `more`.
    pub async fn with(limits: Limits, more: &[String]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut hosts = vec![format!("unix://{}/d.sock", place.path().display())];
        hosts.extend_from_slice(more);
        let listeners: Vec<Listener> = server::listen(&hosts, None, None).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let engine = Fake::default();
        let grace = Duration::from_secs(10);
        let serving = tokio::spawn(server::serve_with(engine.clone(), listeners, stopped, grace, limits));
        Self { place, stop, serving, engine }
    }

    pub fn socket(&self) -> PathBuf {
        self.place.path().join("d.sock")
    }

    /// Ends the server as SIGTERM does.
    pub async fn stop(self) -> PathBuf {
        self.stop.send(true).unwrap();
        self.serving.await.unwrap().unwrap();
        self.place.path().join("d.sock")
    }

    pub async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.socket()).await.unwrap()
    }

    /// Sends one request and reads the whole answer.
    pub async fn ask(&self, request: &str) -> Answer {
        self.ask_with(request, "", &[]).await
    }

    pub async fn ask_json(&self, request: &str, body: &str) -> Answer {
        self.ask_with(request, "Content-Type: application/json\r\n", body.as_bytes()).await
    }

    /// Sends one request with further header lines and a body.
    pub async fn ask_with(&self, request: &str, headers: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let head =
            format!("{request} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        let mut stream = self.connect().await;
        // The server may refuse before it has read all.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        Answer::parse(&all)
    }

    /// Runs the stock client.
    pub async fn docker(&self, arguments: &[&str]) -> Output {
        let mut command = self.docker_command();
        command.args(arguments).output().await.unwrap()
    }

    pub fn docker_command(&self) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", format!("unix://{}", self.socket().display()));
        command.env("DOCKER_CONFIG", self.place.path()).kill_on_drop(true);
        command
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// With its status line, in lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| {
            panic!("no head: {:?}", String::from_utf8_lossy(bytes));
        });
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let raw = &bytes[end + 4..];
        let body = if head.contains("transfer-encoding: chunked") { unchunk(raw) } else { raw.to_vec() };
        Self { status, head, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn message(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["message"].as_str().unwrap_or_default().to_owned()
    }
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = raw.windows(2).position(|two| two == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&raw[..end]).unwrap(), 16).unwrap();
        if length == 0 || raw.len() < end + 2 + length {
            break;
        }
        body.extend_from_slice(&raw[end + 2..end + 2 + length]);
        raw = &raw[end + 4 + length..];
    }
    body
}

/// Whether the stock client is on this machine.
pub fn has_docker() -> bool {
    std::process::Command::new("docker").arg("--version").output().is_ok()
}
