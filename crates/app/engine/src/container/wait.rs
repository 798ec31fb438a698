//! Waits for the end of a container.

use std::sync::Arc;

use api::container::{WaitCondition, WaitResponse};
use container::state::Phase;
use fault::{Fault, Result};

use super::View;
use crate::inner::Inner;
use crate::reply::Waiting;
use crate::request::ContainerWait;

/// Begins to wait: an end that comes after this has replied is not missed.
pub async fn wait(engine: &Arc<Inner>, request: ContainerWait) -> Result<Waiting> {
    let handle = engine.containers.find(&request.target)?;
    let (mut views, before) = (handle.views.clone(), handle.view());
    Ok(Box::pin(async move {
        let over = |view: &Arc<View>| match request.condition {
            WaitCondition::NotRunning => view.gone || !runs(view.stored.state().phase),
            WaitCondition::NextExit => view.gone || view.ends > before.ends,
            WaitCondition::Removed => view.gone,
        };
        match views.wait_for(over).await {
            Ok(view) => Ok(response(&view)),
            // The owner ends only after it has published that the container is gone.
            Err(_) => Err(Fault::system("wait: the engine is shutting down")),
        }
    }))
}

/// A container between two runs of its restart policy counts as running.
fn runs(phase: Phase) -> bool {
    phase.is_alive() || phase == Phase::Restarting
}

fn response(view: &View) -> WaitResponse {
    // Why a start failed is told to whoever started it; the wait's own error is for a wait that failed.
    WaitResponse { status_code: view.stored.state().exit_code.into(), error: None }
}
