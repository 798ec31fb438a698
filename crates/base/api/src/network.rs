//! Networks, and a container's place in them, as asked for and as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::port::PortMap;

mod request;

pub use request::{NetworkConnect, NetworkCreateRequest, NetworkCreateResponse, NetworkDisconnect};

/// Which networks a new container joins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkingConfig {
    /// By the network's name or id.
    pub endpoints_config: BTreeMap<String, Option<EndpointSettings>>,
}

/// One container in one network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EndpointSettings {
    /// Addresses asked for.
    #[serde(rename = "IPAMConfig")]
    pub ipam_config: Option<EndpointIpamConfig>,
    /// Legacy links, `container:alias`.
    pub links: Option<Vec<String>>,
    /// Further names of the container in this network.
    pub aliases: Option<Vec<String>>,
    /// The interface's hardware address.
    pub mac_address: String,
    /// Options for the network's driver.
    pub driver_opts: Option<BTreeMap<String, String>>,
    /// The network with the highest number gives the default route (1.48).
    pub gw_priority: i64,
    /// The network's id.
    #[serde(rename = "NetworkID")]
    pub network_id: String,
    /// The endpoint's id; empty while the container does not run.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// The network's IPv4 gateway.
    pub gateway: String,
    /// The container's IPv4 address.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// The length of its prefix.
    #[serde(rename = "IPPrefixLen")]
    pub ip_prefix_len: i64,
    /// The network's IPv6 gateway.
    #[serde(rename = "IPv6Gateway")]
    pub ipv6_gateway: String,
    /// The container's IPv6 address.
    #[serde(rename = "GlobalIPv6Address")]
    pub global_ipv6_address: String,
    /// The length of its prefix.
    #[serde(rename = "GlobalIPv6PrefixLen")]
    pub global_ipv6_prefix_len: i64,
    /// All names the network's DNS answers for (1.44).
    #[serde(rename = "DNSNames")]
    pub dns_names: Option<Vec<String>>,
}

/// Addresses asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EndpointIpamConfig {
    /// IPv4.
    #[serde(rename = "IPv4Address", skip_serializing_if = "String::is_empty")]
    pub ipv4_address: String,
    /// IPv6.
    #[serde(rename = "IPv6Address", skip_serializing_if = "String::is_empty")]
    pub ipv6_address: String,
    /// Link-local addresses.
    #[serde(rename = "LinkLocalIPs", skip_serializing_if = "Vec::is_empty")]
    pub link_local_ips: Vec<String>,
}

/// All networks of a container, in its inspection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkSettings {
    /// The default bridge, where it is not `docker0`.
    pub bridge: String,
    /// The network namespace's id.
    #[serde(rename = "SandboxID")]
    pub sandbox_id: String,
    /// The network namespace's path.
    pub sandbox_key: String,
    /// Published ports.
    pub ports: PortMap,
    /// Unused.
    pub hairpin_mode: bool,
    /// Unused.
    #[serde(rename = "LinkLocalIPv6Address")]
    pub link_local_ipv6_address: String,
    /// Unused.
    #[serde(rename = "LinkLocalIPv6PrefixLen")]
    pub link_local_ipv6_prefix_len: i64,
    /// Unused.
    #[serde(rename = "SecondaryIPAddresses")]
    pub secondary_ip_addresses: Option<Vec<Address>>,
    /// Unused.
    #[serde(rename = "SecondaryIPv6Addresses")]
    pub secondary_ipv6_addresses: Option<Vec<Address>>,
    /// In the default bridge, as the next seven.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// IPv4 gateway.
    pub gateway: String,
    /// IPv6 address.
    #[serde(rename = "GlobalIPv6Address")]
    pub global_ipv6_address: String,
    /// The length of its prefix.
    #[serde(rename = "GlobalIPv6PrefixLen")]
    pub global_ipv6_prefix_len: i64,
    /// IPv4 address.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// The length of its prefix.
    #[serde(rename = "IPPrefixLen")]
    pub ip_prefix_len: i64,
    /// IPv6 gateway.
    #[serde(rename = "IPv6Gateway")]
    pub ipv6_gateway: String,
    /// Hardware address.
    pub mac_address: String,
    /// By the network's name.
    pub networks: BTreeMap<String, EndpointSettings>,
}

/// A secondary address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Address {
    /// The address.
    pub addr: String,
    /// The length of its prefix.
    pub prefix_len: i64,
}

/// A container's networks in the list of containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkSettingsSummary {
    /// By the network's name.
    pub networks: BTreeMap<String, EndpointSettings>,
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Network {
    /// Its name.
    pub name: String,
    /// 64 hexadecimal digits.
    pub id: String,
    /// When it was made (RFC 3339).
    pub created: String,
    /// `local` or `swarm`.
    pub scope: String,
    /// What makes it: `bridge`, `host`, `null` …
    pub driver: String,
    /// Whether it has IPv4 (1.47).
    #[serde(rename = "EnableIPv4")]
    pub enable_ipv4: bool,
    /// Whether it has IPv6.
    #[serde(rename = "EnableIPv6")]
    pub enable_ipv6: bool,
    /// Its addresses.
    #[serde(rename = "IPAM")]
    pub ipam: Ipam,
    /// Whether it leads nowhere outside.
    pub internal: bool,
    /// Whether containers outside a swarm's services may join.
    pub attachable: bool,
    /// Whether it is a swarm's routing mesh.
    pub ingress: bool,
    /// Where its configuration comes from.
    pub config_from: ConfigReference,
    /// Whether it is a configuration alone.
    pub config_only: bool,
    /// Who lives in it, by container id; in an inspection only.
    pub containers: BTreeMap<String, NetworkContainer>,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A network's addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Ipam {
    /// Who gives them out: `default`.
    pub driver: String,
    /// Its options.
    pub options: Option<BTreeMap<String, String>>,
    /// The pools.
    pub config: Option<Vec<IpamPool>>,
}

/// A pool of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct IpamPool {
    /// In CIDR form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subnet: String,
    /// The part of it for containers, in CIDR form.
    #[serde(rename = "IPRange", skip_serializing_if = "String::is_empty")]
    pub ip_range: String,
    /// The host's address in it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    /// Addresses that no container gets, by the name of who has them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub auxiliary_addresses: BTreeMap<String, String>,
}

/// The network whose configuration another one has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ConfigReference {
    /// Its name; empty for none.
    pub network: String,
}

/// A container in a network's inspection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkContainer {
    /// The container's name.
    pub name: String,
    /// The endpoint's id.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// Hardware address.
    pub mac_address: String,
    /// With the prefix's length.
    #[serde(rename = "IPv4Address")]
    pub ipv4_address: String,
    /// With the prefix's length.
    #[serde(rename = "IPv6Address")]
    pub ipv6_address: String,
}
