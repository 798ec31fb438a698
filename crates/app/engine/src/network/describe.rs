//! A network's record as the API tells it.

use std::collections::BTreeMap;

use api::network::{Ipam, IpamPool, Network};
use network::{Driver, Network as Record};

use crate::clock;
use crate::inner::Inner;

/// The word for a driver.
pub fn driver(record: &Record) -> &'static str {
    match record.driver {
        Driver::Bridge => "bridge",
        Driver::Host => "host",
        Driver::Null => "null",
    }
}

/// All but who lives in it.
pub fn describe(engine: &Inner, record: &Record) -> Network {
    let pool = record.subnet.map(|subnet| IpamPool {
        subnet: subnet.trunc().to_string(),
        gateway: record.gateway.map(|gateway| gateway.to_string()).unwrap_or_default(),
        ..IpamPool::default()
    });
    Network {
        name: record.name.clone(),
        id: record.id.clone(),
        created: clock::rfc3339(Some(record.created_at)),
        scope: "local".into(),
        driver: driver(record).into(),
        enable_ipv4: true,
        ipam: Ipam { driver: "default".into(), options: None, config: pool.map(|pool| vec![pool]) },
        options: options(engine, record),
        ..Network::default()
    }
}

/// The options that the original's default bridge has.
fn options(engine: &Inner, record: &Record) -> BTreeMap<String, String> {
    let Some(bridge) = &record.bridge else { return BTreeMap::new() };
    let settings = &engine.settings.network;
    let word = |on: bool| on.to_string();
    [
        ("com.docker.network.bridge.default_bridge", word(true)),
        ("com.docker.network.bridge.enable_icc", word(settings.icc)),
        ("com.docker.network.bridge.enable_ip_masquerade", word(settings.firewall)),
        ("com.docker.network.bridge.host_binding_ipv4", settings.default_bind_ip.to_string()),
        ("com.docker.network.bridge.name", bridge.clone()),
        ("com.docker.network.driver.mtu", if settings.mtu == 0 { 1500 } else { settings.mtu }.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
