//! Connections that turn into a byte stream: attach and exec.
//!
//! ```text
//! client ──► input:  scanned for the detach keys (terminals) ──► attached.writer   half-close = end of standard input
//! client ◄── output: copied ◄────────────────────────────────── attached.reader   its end closes the connection
//! ```
//!
//! A client that sends `Upgrade: tcp` gets `101 UPGRADED` and the connection. One that does not gets `200` and the
//! output as the answer's body; its input is the request's body.

mod detach;
pub(crate) mod websocket;

use std::pin::Pin;
use std::time::Duration;

use engine::reply::Attached;
use engine::request::Body;
use fault::{Fault, Result};
use futures_util::{Stream, TryStreamExt};
use http::{HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::{Parts, downcast};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use crate::answer::frames::{RAW, content_type};
use crate::answer::{self, Answer};
use crate::request::Call;
use crate::socket::{Socket, hung_up};

pub(crate) use detach::DetachKeys;
use detach::Scanner;

/// What is copied at a time, in bytes; this bounds what is held for a slow client.
const CHUNK: usize = 32 << 10;

/// How often a client that has closed its half is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How the streams are joined.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    /// Bytes from the client go to the process.
    pub(crate) stdin: bool,
    /// Keys that detach, where there is a terminal.
    pub(crate) keys: DetachKeys,
}

/// Answers with the joined streams.
pub(crate) fn answer(call: Call, attached: Attached, join: Join) -> Answer {
    let content_type = content_type(call.version, attached.terminal);
    let stopping = call.stopping();
    match call.into_connection() {
        (Some(upgrade), _) => {
            tokio::spawn(run(upgrade, attached, join, stopping));
            upgraded(content_type)
        }
        // The original calls it so whatever is in it.
        (None, input) => answer::stream(RAW, stopping, body(attached, join, input)),
    }
}

fn upgraded(content_type: &'static str) -> Answer {
    let mut answer = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    answer.extensions_mut().insert(ReasonPhrase::from_static(b"UPGRADED"));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
    answer
}

/// The output as a body; the input is copied beside it. Both end when the client goes away.
fn body(attached: Attached, join: Join, input: Option<Body>) -> impl Stream<Item = Result<bytes::Bytes>> + Send {
    let Attached { terminal, reader, writer, detached, .. } = attached;
    let gone = CancellationToken::new();
    let guard = gone.clone().drop_guard();
    match input {
        Some(input) if join.stdin => {
            let mut pump = Input::new(input, writer, &join, terminal);
            tokio::spawn(async move {
                tokio::select! {
                    end = pump.run() => if end == InputEnd::Detached { detached() } else { gone.cancelled().await },
                    () = gone.cancelled() => {}
                }
            });
            output(reader, guard, None)
        }
        _ => output(reader, guard, Some(writer)),
    }
}

/// The reader's bytes. What else it holds lives as long as the stream does.
fn output<G: Send>(
    reader: Pin<Box<dyn AsyncRead + Send>>,
    guard: G,
    writer: Option<Pin<Box<dyn AsyncWrite + Send>>>,
) -> impl Stream<Item = Result<bytes::Bytes>> + Send {
    ReaderStream::with_capacity(reader, CHUNK)
        .map_err(|error| Fault::system(format!("read the output: {error}")))
        .inspect_ok(move |_| {
            let _ = (&guard, &writer);
        })
}

/// The life of a hijacked connection.
async fn run(upgrade: OnUpgrade, attached: Attached, join: Join, stopping: CancellationToken) {
    let Some(connection) = take(upgrade).await else { return };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = pump(connection, attached, join) => {}
    }
}

/// The connection itself, and what was read of it already; nothing where the client went away.
async fn take(upgrade: OnUpgrade) -> Option<(Socket, bytes::Bytes)> {
    match upgrade.await.map(downcast::<TokioIo<Socket>>) {
        Ok(Ok(Parts { io, read_buf, .. })) => {
            let mut socket = io.into_inner();
            socket.is_hijacked();
            Some((socket, read_buf))
        }
        Ok(Err(Upgraded { .. })) | Err(_) => {
            tracing::debug!("a client went away before its connection was handed over");
            None
        }
    }
}

/// Copies both ways until the output ends, the client detaches or it goes away.
async fn pump((socket, begun): (Socket, bytes::Bytes), attached: Attached, join: Join) {
    let Attached { terminal, mut reader, writer, detached, .. } = attached;
    let Ok(watch) = socket.watch() else { return };
    let (from_client, mut to_client) = tokio::io::split(socket);
    let begun = std::io::Cursor::new(begun);
    let mut input: Input<_> = Input::new(begun.chain(from_client), writer, &join, terminal);
    let going = async {
        match input.run().await {
            InputEnd::Detached => detached(),
            InputEnd::Lost => {}
            InputEnd::Closed => gone(watch).await,
        }
    };
    tokio::select! {
        _ = copy_output(&mut reader, &mut to_client) => {}
        () = going => {}
    }
}

/// Copies what the process writes, then closes our half of the connection.
async fn copy_output(reader: &mut (impl AsyncRead + Unpin), client: &mut WriteHalf<Socket>) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk).await? {
            0 => break,
            length => {
                client.write_all(&chunk[..length]).await?;
                // Encryption may hold what it was given.
                client.flush().await?;
            }
        }
    }
    client.shutdown().await
}

/// Waits until a client that has closed its half has closed the other as well; there is no event for that.
async fn gone(watch: std::os::fd::OwnedFd) {
    while !hung_up(&watch) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Why no more comes from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputEnd {
    /// It has closed its half.
    Closed,
    /// Its connection broke.
    Lost,
    /// It has typed the keys.
    Detached,
}

/// The way from the client to the process.
struct Input<R> {
    client: R,
    /// Gone where the process reads no more.
    process: Option<Pin<Box<dyn AsyncWrite + Send>>>,
    stdin: bool,
    scanner: Option<Scanner>,
}

impl<R: AsyncRead + Unpin> Input<R> {
    fn new(client: R, writer: Pin<Box<dyn AsyncWrite + Send>>, join: &Join, terminal: bool) -> Self {
        let scanner = (terminal && join.stdin).then(|| Scanner::new(&join.keys));
        Self { client, process: Some(writer), stdin: join.stdin, scanner }
    }

    /// Copies until there is no more. What comes after the process has stopped reading is dropped, so that the
    /// client's end is noticed still.
    async fn run(&mut self) -> InputEnd {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.client.read(&mut chunk).await {
                Err(_) => return InputEnd::Lost,
                Ok(0) => {
                    self.close().await;
                    return InputEnd::Closed;
                }
                Ok(length) if self.stdin => {
                    if self.pass(&chunk[..length]).await {
                        return InputEnd::Detached;
                    }
                }
                Ok(_) => {}
            }
        }
    }

    /// Passes bytes on; true when they completed the keys.
    async fn pass(&mut self, bytes: &[u8]) -> bool {
        let (bytes, detached) = match &mut self.scanner {
            Some(scanner) => scanner.scan(bytes),
            None => (std::borrow::Cow::Borrowed(bytes), false),
        };
        if let Some(process) = &mut self.process
            && (process.write_all(&bytes).await.is_err() || process.flush().await.is_err())
        {
            self.process = None;
        }
        detached
    }

    async fn close(&mut self) {
        if let (true, Some(process)) = (self.stdin, &mut self.process) {
            let held = self.scanner.as_mut().map(Scanner::finish).unwrap_or_default();
            let _ = process.write_all(&held).await;
            let _ = process.shutdown().await;
        }
    }
}
