//! Stops a container and starts it again.

use std::sync::Arc;

use fault::{Kind, Result};

use crate::inner::Inner;
use crate::request::ContainerStop;

/// Restarts a container; one that does not run is only started.
pub async fn restart(engine: &Arc<Inner>, request: ContainerStop) -> Result<()> {
    let target = request.target.clone();
    let what = format!("Cannot restart container {target}");
    match super::stop::stop_for(engine, request, &what).await {
        Err(fault) if fault.kind() != Kind::NotModified => return Err(fault),
        _ => {}
    }
    match super::start(engine, &target).await {
        // Its restart policy, or somebody else, was faster.
        Err(fault) if fault.kind() == Kind::NotModified => {}
        outcome => outcome?,
    }
    let view = engine.containers.find(&target)?.view();
    engine.events.emit("container", "restart", view.stored.record.id.as_str(), view.stored.attributes());
    Ok(())
}
