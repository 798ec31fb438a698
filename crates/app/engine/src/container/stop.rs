//! Ends a container gently: its stop signal, a while, SIGKILL.

use std::sync::Arc;
use std::time::Duration;

use container::lifecycle::{self, Verb};
use fault::{Fault, Kind, Result};

use super::actor::Message;
use super::{Handle, kill};
use crate::inner::Inner;
use crate::request::ContainerStop;

const SIGKILL: i32 = 9;
/// How long a container may take to die of SIGKILL until it counts as stuck.
const DEATH: Duration = Duration::from_secs(10);

/// Stops a container; [`Kind::NotModified`] where it does not run.
pub async fn stop(engine: &Arc<Inner>, request: ContainerStop) -> Result<()> {
    let what = format!("cannot stop container: {}", request.target);
    stop_for(engine, request, &what).await
}

/// The same as a part of something else: `what` cannot be done where the signal is none.
pub async fn stop_for(engine: &Arc<Inner>, request: ContainerStop, what: &str) -> Result<()> {
    let handle = engine.containers.find(&request.target)?;
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Stop)?;
    let signal = match request.signal.as_deref().filter(|signal| !signal.is_empty()) {
        Some(signal) => kill::signal_number(signal).map_err(|fault| fault.at(what))?,
        None => kill::signal_number(record.stop_signal())?,
    };
    let seconds = request.timeout.unwrap_or_else(|| record.stop_timeout());
    end(&handle, signal, u64::try_from(seconds).ok().map(Duration::from_secs)).await?;
    engine.events.emit("container", "stop", record.id.as_str(), view.stored.attributes());
    Ok(())
}

/// Stops all containers, side by side, when the daemon ends and they are to end with it. Nobody asked for their end: their
/// restart policies start them with the next daemon.
pub async fn stop_all(engine: &Arc<Inner>) {
    engine.is_stopping.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut ends = Vec::new();
    for handle in engine.containers.all().into_iter().filter(|handle| handle.view().stored.state().phase.is_alive()) {
        let usual = engine.live.load().shutdown_timeout;
        ends.push(tokio::spawn(async move {
            let view = handle.view();
            let record = &view.stored.record;
            let own =
                record.config.stop_timeout.map(|seconds| u64::try_from(seconds).map_or(usual, Duration::from_secs));
            let signal = kill::signal_number(record.stop_signal()).unwrap_or(15);
            if let Err(fault) = end_as(&handle, signal, Some(own.unwrap_or(usual)), false).await {
                tracing::error!(container = %record.id, %fault, "it was not stopped with the daemon");
            }
        }));
    }
    for end in ends {
        let _ = end.await;
    }
}

/// Sends the signal, waits `patience` (for ever without), then kills.
pub async fn end(handle: &Handle, signal: i32, patience: Option<Duration>) -> Result<()> {
    end_as(handle, signal, patience, true).await
}

/// The same; `last` says whether a user wants it, so that no policy starts it again.
async fn end_as(handle: &Handle, signal: i32, patience: Option<Duration>, last: bool) -> Result<()> {
    let ends = handle.view().ends;
    send(handle, signal, last).await?;
    let ended = match patience {
        Some(patience) => tokio::time::timeout(patience, ended_after(handle, ends)).await.is_ok(),
        None => {
            ended_after(handle, ends).await;
            true
        }
    };
    if ended {
        return Ok(());
    }
    send(handle, SIGKILL, last).await?;
    tokio::time::timeout(DEATH, ended_after(handle, ends)).await.map_err(|_| {
        let id = &handle.view().stored.record.id;
        Fault::deadline(format!(
            "container {id} does not end though it was killed: a process in it may be stuck in the kernel"
        ))
    })
}

/// A container that ended by itself meanwhile is no error.
async fn send(handle: &Handle, signal: i32, last: bool) -> Result<()> {
    match handle.ask(|reply| Message::Signal { signal, last, reply }).await {
        Err(fault) if fault.kind() == Kind::Conflict || fault.kind() == Kind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Waits until more runs have ended than `ends`, or nothing runs, or the container is gone.
async fn ended_after(handle: &Handle, ends: u64) {
    let mut views = handle.views.clone();
    let over = |view: &Arc<super::View>| view.gone || view.ends > ends || !view.stored.state().phase.is_alive();
    let _ = views.wait_for(over).await;
}
