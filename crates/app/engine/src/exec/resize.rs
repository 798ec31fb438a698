//! Sets the size of an exec's terminal.

use std::sync::Arc;

use fault::{Fault, Result};
use shim_proto::Request;

use super::Phase;
use crate::inner::Inner;
use crate::request::Resize;
use crate::shim::Shim;

/// Sets the size; the exec must run.
pub async fn resize(engine: &Arc<Inner>, request: Resize) -> Result<()> {
    let exec = engine.execs.find(&request.target)?;
    if !matches!(exec.phase, Phase::Running { .. }) {
        return Err(Fault::conflict(format!("exec {} is not running", exec.id)));
    }
    if !exec.request.tty {
        // The original's runtime takes the request and has nothing to do.
        return Ok(());
    }
    let shim = Shim::new(engine.bundle(&exec.container));
    let order = Request::Resize { exec: Some(exec.id), rows: request.rows, columns: request.columns };
    shim.ask(&order).await.map(drop)
}
