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
    let handle = engine.containers.find(&request.target)?;
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Stop)?;
    let signal = match request.signal.as_deref().filter(|signal| !signal.is_empty()) {
        Some(signal) => kill::signal_number(signal)?,
        None => kill::signal_number(record.stop_signal())?,
    };
    let seconds = request.timeout.unwrap_or_else(|| record.stop_timeout());
    end(&handle, signal, u64::try_from(seconds).ok().map(Duration::from_secs)).await?;
    engine.events.emit("container", "stop", record.id.as_str(), view.stored.attributes());
    Ok(())
}

/// Sends the signal, waits `patience` (for ever without), then kills.
pub async fn end(handle: &Handle, signal: i32, patience: Option<Duration>) -> Result<()> {
    let ends = handle.view().ends;
    send(handle, signal).await?;
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
    send(handle, SIGKILL).await?;
    tokio::time::timeout(DEATH, ended_after(handle, ends)).await.map_err(|_| {
        let id = &handle.view().stored.record.id;
        Fault::deadline(format!(
            "container {id} does not end though it was killed: a process in it may be stuck in the kernel"
        ))
    })
}

/// A container that ended by itself meanwhile is no error.
async fn send(handle: &Handle, signal: i32) -> Result<()> {
    match handle.ask(|reply| Message::Signal { signal, last: true, reply }).await {
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
