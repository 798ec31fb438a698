//! Takes other settings while the engine runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry::InsecureHost;

use crate::inner::Inner;
use crate::settings::Live;

/// Takes them, and tells so.
pub fn reload(engine: &Arc<Inner>, live: Live) {
    engine.registry.set(live.registry.clone());
    let attributes = attributes(&live);
    engine.live.store(Arc::new(live));
    engine.events.emit("daemon", "reload", &engine.id, attributes);
}

/// What the event says: lists as JSON, as with Docker.
fn attributes(live: &Live) -> BTreeMap<String, String> {
    let list = |items: Vec<String>| serde_json::Value::from(items).to_string();
    let insecure = live.registry.insecure.iter().map(|entry| match entry {
        InsecureHost::Network(network) => network.to_string(),
        InsecureHost::Host(host) => host.clone(),
    });
    let pairs = [
        ("name", rustix::system::uname().nodename().to_string_lossy().into_owned()),
        ("debug", live.debug.to_string()),
        ("default-runtime", live.default_runtime.clone()),
        ("insecure-registries", list(insecure.collect())),
        ("labels", list(live.labels.clone())),
        ("live-restore", live.live_restore.to_string()),
        ("registry-mirrors", list(live.registry.mirrors.iter().map(ToString::to_string).collect())),
        ("runtimes", live.runtimes.keys().cloned().collect::<Vec<_>>().join(",")),
        ("shutdown-timeout", live.shutdown_timeout.as_secs().to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
