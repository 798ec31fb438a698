//! The answer to `GET /info`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the engine is, has and can.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Info {
    /// Id of this engine.
    #[serde(rename = "ID")]
    pub id: String,
    /// All containers.
    pub containers: i64,
    /// Running ones.
    pub containers_running: i64,
    /// Paused ones.
    pub containers_paused: i64,
    /// All others.
    pub containers_stopped: i64,
    /// Images.
    pub images: i64,
    /// How layers are put together: `overlay2`.
    pub driver: String,
    /// Pairs of name and value.
    pub driver_status: Vec<(String, String)>,
    /// Drivers for volumes and so on.
    pub plugins: PluginsInfo,
    /// Whether memory can be limited.
    pub memory_limit: bool,
    /// Whether swap can be limited.
    pub swap_limit: bool,
    /// Whether TCP memory can be limited.
    #[serde(rename = "KernelMemoryTCP", skip_serializing_if = "crate::json::is_zero")]
    pub kernel_memory_tcp: bool,
    /// CFS period (Docker's key is spelt so).
    pub cpu_cfs_period: bool,
    /// CFS quota.
    pub cpu_cfs_quota: bool,
    /// CPU shares.
    #[serde(rename = "CPUShares")]
    pub cpu_shares: bool,
    /// Sets of CPUs.
    #[serde(rename = "CPUSet")]
    pub cpu_set: bool,
    /// Numbers of processes.
    pub pids_limit: bool,
    /// Whether the host forwards IPv4.
    #[serde(rename = "IPv4Forwarding")]
    pub ipv4_forwarding: bool,
    /// Whether bridged traffic passes iptables (gone in 1.50).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub bridge_nf_iptables: bool,
    /// The same for IPv6 (gone in 1.50).
    #[serde(rename = "BridgeNfIp6tables", skip_serializing_if = "crate::json::is_zero")]
    pub bridge_nf_ip6tables: bool,
    /// Whether the daemon logs in detail.
    pub debug: bool,
    /// The daemon's open files.
    #[serde(rename = "NFd")]
    pub n_fd: i64,
    /// Whether the OOM killer can be switched off.
    pub oom_kill_disable: bool,
    /// The daemon's tasks; the key is Docker's.
    pub n_goroutines: i64,
    /// RFC 3339.
    pub system_time: String,
    /// The default log driver.
    pub logging_driver: String,
    /// `cgroupfs` or `systemd`.
    pub cgroup_driver: String,
    /// `1` or `2`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cgroup_version: String,
    /// How many listen for events.
    pub n_events_listener: i64,
    /// The kernel's release.
    pub kernel_version: String,
    /// The distribution's name.
    pub operating_system: String,
    /// The distribution's version.
    #[serde(rename = "OSVersion")]
    pub os_version: String,
    /// `linux`.
    #[serde(rename = "OSType")]
    pub os_type: String,
    /// In the kernel's words: `x86_64` …
    pub architecture: String,
    /// The default registry's address.
    pub index_server_address: String,
    /// Which registries are trusted or mirrored.
    pub registry_config: Option<RegistryConfig>,
    /// CPUs.
    #[serde(rename = "NCPU")]
    pub n_cpu: i64,
    /// Bytes of memory.
    pub mem_total: i64,
    /// `null`.
    pub generic_resources: Option<Vec<serde_json::Value>>,
    /// The data-root.
    pub docker_root_dir: String,
    /// The daemon's proxy.
    pub http_proxy: String,
    /// The daemon's proxy.
    pub https_proxy: String,
    /// What goes without.
    pub no_proxy: String,
    /// The host's name.
    pub name: String,
    /// Labels of the daemon.
    pub labels: Vec<String>,
    /// Offers what is not stable yet.
    pub experimental_build: bool,
    /// The engine's version.
    pub server_version: String,
    /// Runtimes by name.
    pub runtimes: BTreeMap<String, Runtime>,
    /// The runtime of containers that name none.
    pub default_runtime: String,
    /// Membership in a swarm.
    pub swarm: SwarmInfo,
    /// Containers outlive the daemon.
    pub live_restore_enabled: bool,
    /// Of Windows.
    pub isolation: String,
    /// The init of `--init`.
    pub init_binary: String,
    /// containerd's revision.
    pub containerd_commit: Commit,
    /// The runtime's revision.
    pub runc_commit: Commit,
    /// The init's revision.
    pub init_commit: Commit,
    /// `name=seccomp,profile=builtin` …
    pub security_options: Vec<String>,
    /// The product's licence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product_license: String,
    /// Pools of the networks' addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_address_pools: Vec<AddressPool>,
    /// How packets are filtered (1.49).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firewall_backend: Option<FirewallInfo>,
    /// Directories of CDI specifications.
    #[serde(rename = "CDISpecDirs")]
    pub cdi_spec_dirs: Option<Vec<String>>,
    /// What the user should know.
    pub warnings: Option<Vec<String>>,
}

/// Names of drivers by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PluginsInfo {
    /// For volumes.
    pub volume: Option<Vec<String>>,
    /// For networks.
    pub network: Option<Vec<String>>,
    /// For authorization.
    pub authorization: Option<Vec<String>>,
    /// For logs.
    pub log: Option<Vec<String>>,
}

/// Which registries are trusted or mirrored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RegistryConfig {
    /// Networks of registries without TLS.
    #[serde(rename = "InsecureRegistryCIDRs")]
    pub insecure_registry_cidrs: Vec<String>,
    /// By host.
    pub index_configs: BTreeMap<String, IndexInfo>,
    /// Mirrors of the default registry.
    pub mirrors: Option<Vec<String>>,
}

/// One registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct IndexInfo {
    /// Its host.
    pub name: String,
    /// URLs.
    pub mirrors: Vec<String>,
    /// Whether it is reached with verified TLS only.
    pub secure: bool,
    /// Whether it is the default registry.
    pub official: bool,
}

/// One runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Runtime {
    /// Its program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Arguments before the command.
    #[serde(rename = "runtimeArgs", skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// What it can (1.46).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BTreeMap<String, String>>,
}

/// A part's revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Commit {
    /// The revision.
    #[serde(rename = "ID")]
    pub id: String,
    /// The same again (gone in 1.49).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expected: String,
}

/// A pool from which networks get their subnets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AddressPool {
    /// The whole pool.
    pub base: String,
    /// Length of each subnet's prefix.
    pub size: i64,
}

/// How packets are filtered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct FirewallInfo {
    /// `nftables` …
    pub driver: String,
    /// Pairs of name and value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<Vec<(String, String)>>,
}

/// Membership in a swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SwarmInfo {
    /// The node's id.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// The node's address.
    pub node_addr: String,
    /// `inactive`, `active` …
    pub local_node_state: String,
    /// Whether it is a manager.
    pub control_available: bool,
    /// What went wrong last.
    pub error: String,
    /// Managers.
    pub remote_managers: Option<Vec<serde_json::Value>>,
}
