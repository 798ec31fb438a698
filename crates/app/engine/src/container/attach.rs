//! Joins the streams of a container, before its start or while it runs.

use std::sync::Arc;

use container::lifecycle::{self, Verb};
use fault::Result;
use shim_proto::Streams;
use tokio::io::AsyncReadExt;
use tokio_stream::StreamExt;

use super::actor::Message;
use super::{late, logs};
use crate::inner::Inner;
use crate::reply::Attached;
use crate::request::{AttachRequest, LogsRequest};

/// Joins the streams. The reply comes at once; bytes flow when the container runs.
pub async fn attach(engine: &Arc<Inner>, request: AttachRequest) -> Result<Attached> {
    let handle = engine.containers.find(&request.target)?;
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, &request.target, &record.name, Verb::Attach)?;
    let terminal = view.stored.record.config.tty;
    let past = if request.logs { past(engine, &request, terminal).await? } else { Vec::new() };
    let (promise, reader, writer) = late();
    if request.stream {
        let stdin = request.stdin && view.stored.record.config.open_stdin;
        let streams = Streams { stdin, stdout: request.stdout, stderr: request.stderr };
        let _ = handle.inbox.send(Message::Attach { streams, promise }).await;
    }
    engine.events.emit("container", "attach", view.stored.record.id.as_str(), view.stored.attributes());
    let (events, stored) = (engine.events.clone(), view);
    let detached =
        move || events.emit("container", "detach", stored.stored.record.id.as_str(), stored.stored.attributes());
    Ok(Attached {
        terminal,
        reader: Box::pin(std::io::Cursor::new(past).chain(reader)),
        writer: Box::pin(writer),
        detach_keys: String::new(),
        detached: Box::new(detached),
    })
}

/// What is logged already, in the form of the stream that follows.
async fn past(engine: &Arc<Inner>, request: &AttachRequest, terminal: bool) -> Result<Vec<u8>> {
    let look = LogsRequest {
        target: request.target.clone(),
        stdout: request.stdout,
        stderr: request.stderr,
        follow: false,
        since: None,
        until: None,
        tail: None,
    };
    let mut entries = logs(engine, look).await?.entries;
    let mut bytes = Vec::new();
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        if !terminal {
            let stream = match entry.stream {
                crate::reply::LogStream::Stdout => 1,
                crate::reply::LogStream::Stderr => 2,
            };
            let length = u32::try_from(entry.line.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&[stream, 0, 0, 0]);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        bytes.extend_from_slice(&entry.line);
    }
    Ok(bytes)
}
