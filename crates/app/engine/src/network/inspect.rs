//! Tells everything about one network.

use std::collections::BTreeMap;

use api::network::{Network, NetworkContainer};
use fault::Result;

use super::describe::describe;
use crate::container::Handle;
use crate::inner::Inner;

/// Tells everything about one, with the containers that live in it.
pub fn inspect(engine: &Inner, target: &str) -> Result<Network> {
    let record = engine.networks.find(target)?;
    Ok(Network { containers: containers(engine, &record.id), ..describe(engine, record) })
}

fn containers(engine: &Inner, network: &str) -> BTreeMap<String, NetworkContainer> {
    let views = engine.containers.all();
    let views = views.iter().map(Handle::view);
    views
        .filter_map(|view| {
            let endpoint = view.stored.endpoint.as_ref().filter(|endpoint| endpoint.network_id == network)?;
            let container = NetworkContainer {
                name: view.stored.record.name.clone(),
                endpoint_id: endpoint.id.clone(),
                mac_address: endpoint.mac.to_string(),
                ipv4_address: format!("{}/{}", endpoint.ip, endpoint.prefix_len),
                ipv6_address: String::new(),
            };
            Some((view.stored.record.id.to_string(), container))
        })
        .collect()
}
