//! Ports of a container and where they are published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Set members and volumes: `{}` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// Ports by name, such as `80/tcp`.
pub type PortSet = BTreeMap<String, Empty>;

/// Ports by name and where each is published; `None` (JSON `null`) for nowhere.
pub type PortMap = BTreeMap<String, Option<Vec<PortBinding>>>;

/// One address of the host where a port is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PortBinding {
    /// The host's address; empty for all.
    #[serde(rename = "HostIp")]
    pub host_ip: String,
    /// The host's port or a range `8000-8010`; empty or `0` for any.
    pub host_port: String,
}

/// A port in the list of containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PortSummary {
    /// The host's address, where published.
    #[serde(rename = "IP", skip_serializing_if = "String::is_empty")]
    pub ip: String,
    /// The container's port.
    pub private_port: u16,
    /// The host's port; 0 for none.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub public_port: u16,
    /// `tcp`, `udp` or `sctp`.
    #[serde(rename = "Type")]
    pub protocol: String,
}
