//! Sets the size of a container's terminal.

use std::sync::Arc;

use container::lifecycle::{self, Verb};
use fault::Result;
use shim_proto::Request;

use crate::inner::Inner;
use crate::request::Resize;
use crate::shim::Shim;

/// Sets the size; the container must run.
pub async fn resize(engine: &Arc<Inner>, request: Resize) -> Result<()> {
    let view = engine.containers.find(&request.target)?.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Resize)?;
    // Without a terminal the original's runtime takes the request and has nothing to do.
    if record.config.tty {
        let shim = Shim::new(engine.bundle(&record.id));
        shim.ask(&Request::Resize { exec: None, rows: request.rows, columns: request.columns }).await?;
    }
    let mut attributes = view.stored.attributes();
    attributes.insert("height".into(), request.rows.to_string());
    attributes.insert("width".into(), request.columns.to_string());
    engine.events.emit("container", "resize", record.id.as_str(), attributes);
    Ok(())
}
