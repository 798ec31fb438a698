//! Reads a container's log, from a thread of its own that ends when the client goes away.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use fault::{Fault, Result, Step};
use logdriver::{Entry, Finish, Follower, ReadOptions, Reader};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::View;
use crate::clock;
use crate::inner::Inner;
use crate::logging;
use crate::reply::{LogEntry, LogStream, Logs};
use crate::request::LogsRequest;

/// How many entries a slow client may lag behind before the reader waits for it.
const AHEAD: usize = 256;

/// Begins to read.
pub async fn logs(engine: &Arc<Inner>, request: LogsRequest) -> Result<Logs> {
    let handle = engine.containers.find(&request.target)?;
    let view = handle.view();
    let record = &view.stored.record;
    if !logging::is_readable(record) {
        return Err(Fault::not_implemented("configured logging driver does not support reading"));
    }
    if !request.stdout && !request.stderr {
        return Err(Fault::invalid("Bad parameters: you must choose at least one stream"));
    }
    let left = request.until.map(|until| until.saturating_sub(clock::now()));
    let left = left.map(|left| Duration::from_nanos(u64::try_from(left).unwrap_or(0)));
    let options = ReadOptions {
        stdout: request.stdout,
        stderr: request.stderr,
        since: request.since,
        until: request.until,
        tail: request.tail,
        after: None,
        follow: request.follow && view.stored.state().phase.is_alive() && left != Some(Duration::ZERO),
    };
    let reader = Reader::open(&logging::path(engine, record), options).step("open the container's log")?;
    let (follower, finish) = Follower::new(reader).step("open the container's log")?;
    let (entries, receiver) = mpsc::channel(AHEAD);
    if options.follow {
        tokio::spawn(finish_at_the_end(handle.views.clone(), finish.clone(), view.ends, left, entries.clone()));
    } else {
        finish.finish();
    }
    let id = record.id.to_string();
    thread::Builder::new()
        .name("logs".into())
        .spawn(move || read(&id, follower, &entries))
        .step("start a thread for the log")?;
    Ok(Logs { terminal: record.config.tty, entries: Box::pin(ReceiverStream::new(receiver)) })
}

/// The log is complete when the run has ended: its shim writes all of it before it tells of the end. Who asked for no
/// more than until a time is through then.
async fn finish_at_the_end(
    mut views: watch::Receiver<Arc<View>>,
    finish: Finish,
    ends: u64,
    left: Option<Duration>,
    client: mpsc::Sender<Result<LogEntry>>,
) {
    let time_is_over = async {
        match left {
            Some(left) => tokio::time::sleep(left).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time_is_over => {}
        _ = views.wait_for(|view| view.gone || view.ends > ends) => {}
        () = client.closed() => {}
    }
    finish.finish();
}

fn read(id: &str, follower: Follower, entries: &mpsc::Sender<Result<LogEntry>>) {
    for step in follower {
        let item = match step {
            Ok(logdriver::Step::Entry(entry)) => Ok(convert(entry)),
            Ok(logdriver::Step::Skipped { bytes }) => {
                tracing::warn!(container = id, bytes, "a damaged part of the log was skipped");
                continue;
            }
            Ok(_) => continue,
            Err(error) => Err(Fault::system(format!("read the container's log: {error}"))),
        };
        let failed = item.is_err();
        if entries.blocking_send(item).is_err() || failed {
            return;
        }
    }
}

fn convert(entry: Entry) -> LogEntry {
    let pair =
        |(name, value): (&String, &String)| format!("{}={}", human::query_escape(name), human::query_escape(value));
    let details = entry.attrs.iter().map(pair).collect::<Vec<_>>().join(",");
    let stream = match entry.stream {
        logdriver::Stream::Stdout => LogStream::Stdout,
        logdriver::Stream::Stderr => LogStream::Stderr,
    };
    LogEntry { stream, time: entry.time, line: Bytes::from(entry.line), details }
}
