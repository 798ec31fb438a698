//! The use cases of networks, one file for each verb.

mod describe;
mod inspect;
mod list;
mod remove;

use crate::container::Stored;
use crate::inner::Inner;

pub(crate) use inspect::inspect;
pub(crate) use list::list;
pub(crate) use remove::remove;

/// Tells that a container has joined or left its network, the two without an address included.
pub(crate) fn tell(engine: &Inner, action: &str, stored: &Stored) {
    let mode = match stored.record.host_config.network_mode.as_str() {
        own @ ("host" | "none") => own,
        // It has another container's network, and joins none itself.
        other if container::spec::joined(other).is_some() => return,
        _ => "bridge",
    };
    let networks = engine.networks.list();
    let Some(network) = networks.iter().find(|network| network.name == mode) else { return };
    let attributes = [
        ("container", stored.record.id.to_string()),
        ("name", network.name.clone()),
        ("type", describe::driver(network).to_owned()),
    ];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    engine.events.emit("network", action, &network.id, attributes);
}
