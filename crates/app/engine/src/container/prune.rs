//! Removes the containers that do not run.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::filters::Filters;
use api::prune::ContainersPruned;
use fault::Result;

use super::Handle;
use super::actor::Message;
use crate::clock;
use crate::inner::Inner;
use crate::selection::Selection;

/// Removes them. What cannot be removed stays, and is told in the log: one of them is no reason to keep the others.
pub async fn prune(engine: &Arc<Inner>, filters: &Filters) -> Result<ContainersPruned> {
    let selection = Selection::read(filters, &[], clock::now())?;
    let mut pruned = ContainersPruned::default();
    for handle in engine.containers.all() {
        let view = handle.view();
        let record = &view.stored.record;
        if view.gone || !selection.takes(record.created_at, record.config.labels.as_ref()) {
            continue;
        }
        if let Some(size) = remove(engine, &handle).await {
            pruned.containers_deleted.get_or_insert_default().push(record.id.to_string());
            pruned.space_reclaimed += size;
        }
    }
    let reclaimed = BTreeMap::from([("reclaimed".to_owned(), pruned.space_reclaimed.to_string())]);
    engine.events.emit("container", "prune", "", reclaimed);
    Ok(pruned)
}

/// Removes one; tells how much it had written.
async fn remove(engine: &Arc<Inner>, handle: &Handle) -> Option<u64> {
    let view = handle.view();
    let record = view.stored.record.clone();
    if record.state.phase.is_alive() || record.state.phase == container::state::Phase::Restarting {
        return None;
    }
    let owner = Arc::clone(engine);
    let id = record.id.clone();
    let size = super::blocking(move || owner.images.container_size(&id)).await.unwrap_or(0);
    // Its owner has the last word: it may have been started meanwhile.
    match handle.ask(Message::Remove).await {
        Ok(()) => Some(size),
        Err(fault) => {
            tracing::warn!(container = %record.id, %fault, "prune: it was not removed");
            None
        }
    }
}
