//! The records of networks.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use fault::{Result, Step};
use ipnet::Ipv4Net;
use metastore::{Catalogue, Table};
use serde::{Deserialize, Serialize};

use crate::unique;

/// All networks, by id.
pub const NETWORKS: Table<Network> = Table::new("networks");

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// 64 hexadecimal digits.
    pub id: String,
    /// `bridge`, `host` or `none`.
    pub name: String,
    /// What it is made of.
    pub driver: Driver,
    /// When it was made, in nanoseconds since 1970.
    pub created_at: i64,
    /// The bridge behind it.
    #[serde(default)]
    pub bridge: Option<String>,
    /// Whether we made that bridge, and may remove it.
    #[serde(default)]
    pub made_bridge: bool,
    /// The addresses in it.
    #[serde(default)]
    pub subnet: Option<Ipv4Net>,
    /// The host's address in it.
    #[serde(default)]
    pub gateway: Option<Ipv4Addr>,
}

/// What a network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// A bridge of the kernel's.
    Bridge,
    /// The host's own network.
    Host,
    /// Nothing but loopback.
    Null,
}

impl Network {
    pub(crate) fn new(name: &str, driver: Driver) -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            id: unique::id(),
            name: name.into(),
            driver,
            created_at: since_1970.as_nanos().try_into().unwrap_or(i64::MAX),
            bridge: None,
            made_bridge: false,
            subnet: None,
            gateway: None,
        }
    }
}

/// The network with this name, from the catalogue or new.
pub fn find_or_new(catalogue: &Catalogue, name: &str, driver: Driver) -> Result<Network> {
    let known = catalogue.all(&NETWORKS).step("read the networks")?;
    let found = known.into_iter().map(|(_, network)| network).find(|network| network.name == name);
    Ok(found.unwrap_or_else(|| Network::new(name, driver)))
}

/// Writes those records that the catalogue does not hold as they are.
pub fn save(catalogue: &Catalogue, networks: &[Network]) -> Result<()> {
    let known = catalogue.all(&NETWORKS).step("read the networks")?;
    let changed: Vec<_> = networks.iter().filter(|&one| known.iter().all(|(_, other)| one != other)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let write = catalogue.write(|w| changed.iter().try_for_each(|network| w.put(&NETWORKS, &network.id, network)));
    write.step("write the networks")
}
