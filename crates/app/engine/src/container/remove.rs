//! Removes a container.

use std::sync::Arc;
use std::time::Duration;

use container::lifecycle::{self, Verb};
use fault::{Fault, Kind, Result};

use super::actor::Message;
use super::stop;
use crate::inner::Inner;
use crate::request::ContainerRemove;

const SIGKILL: i32 = 9;

/// Removes a container; kills it first where `force` asks for that.
pub async fn remove(engine: &Arc<Inner>, request: ContainerRemove) -> Result<()> {
    let handle = engine.containers.find(&request.target)?;
    if request.link {
        // Without links the one name of a container is its own.
        return Err(Fault::invalid("Conflict, cannot remove the default link name of the container"));
    }
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Remove { force: request.force })?;
    if request.force {
        stop::end(&handle, SIGKILL, Some(Duration::from_secs(10))).await?;
    }
    match handle.ask(Message::Remove).await {
        // It removed itself at its end.
        Err(fault) if request.force && fault.kind() == Kind::NotFound => Ok(()),
        outcome => outcome,
    }
}
