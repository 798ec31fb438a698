//! Bodies of requests on networks, and the answer to their making.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConfigReference, EndpointSettings, Ipam};

/// The body of `POST /networks/create`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkCreateRequest {
    /// What makes it; empty for `bridge`.
    pub driver: String,
    /// `local` or `swarm`; empty for the driver's own.
    pub scope: String,
    /// Whether it has IPv4; absent for the daemon's default (1.48).
    #[serde(rename = "EnableIPv4", skip_serializing_if = "Option::is_none")]
    pub enable_ipv4: Option<bool>,
    /// Whether it has IPv6; absent for the daemon's default.
    #[serde(rename = "EnableIPv6", skip_serializing_if = "Option::is_none")]
    pub enable_ipv6: Option<bool>,
    /// Its addresses.
    #[serde(rename = "IPAM")]
    pub ipam: Option<Ipam>,
    /// Whether it leads nowhere outside.
    pub internal: bool,
    /// Whether containers outside a swarm's services may join.
    pub attachable: bool,
    /// Whether it is a swarm's routing mesh.
    pub ingress: bool,
    /// Whether it is a configuration alone.
    pub config_only: bool,
    /// The network whose configuration it gets.
    pub config_from: Option<ConfigReference>,
    /// The driver's options.
    pub options: Option<BTreeMap<String, String>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// Its name.
    pub name: String,
}

/// The answer to `POST /networks/create`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkCreateResponse {
    /// 64 hexadecimal digits.
    pub id: String,
    /// What the user should know.
    pub warning: String,
}

/// The body of `POST /networks/{id}/connect`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkConnect {
    /// A name or an id.
    pub container: String,
    /// How it joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_config: Option<EndpointSettings>,
}

/// The body of `POST /networks/{id}/disconnect`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkDisconnect {
    /// A name or an id.
    pub container: String,
    /// Also where the container is gone.
    pub force: bool,
}
