//! Packs rotated logs, which the shims leave as they are: packing takes time, and a container must not wait for it.

use std::sync::Arc;
use std::time::Duration;

use super::plan::{path, plan};
use crate::inner::Inner;

/// How often it is looked for rotated files: one look costs a container that has none one system call.
const PAUSE: Duration = Duration::from_secs(2);

/// Packs as long as the engine is there.
pub(crate) async fn pack_rotated(engine: Arc<Inner>) {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let engine = Arc::clone(&engine);
        // A pass that fails has said so.
        let _ = tokio::task::spawn_blocking(move || pass(&engine)).await;
    }
}

fn pass(engine: &Inner) {
    for handle in engine.containers.all() {
        let view = handle.view();
        let record = &view.stored.record;
        let path = path(engine, record);
        let mut first = path.clone().into_os_string();
        first.push(".1");
        if !std::path::Path::new(&first).exists() || !packs(record) {
            continue;
        }
        match logdriver::pack(&path) {
            // One that is being removed needs none.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(container = %record.id, %error, "its rotated log was not packed");
            }
            _ => {}
        }
    }
}

fn packs(record: &container::record::Record) -> bool {
    plan(record).is_ok_and(|plan| plan.store.is_some_and(|store| store.compress))
}
