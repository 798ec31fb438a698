//! What belongs to the host a container runs on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Mount, StringOrList};
use crate::port::PortMap;

/// The part of a container that is not portable. Sizes are bytes; 0 and empty mean the default unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HostConfig {
    /// `source:target[:options]`.
    pub binds: Option<Vec<String>>,
    /// The client writes the id there; kept for inspection.
    #[serde(rename = "ContainerIDFile")]
    pub container_id_file: String,
    /// Where the output goes.
    pub log_config: LogConfig,
    /// `default`, `bridge`, `host`, `none`, `container:…` or a network's name.
    pub network_mode: String,
    /// Ports to publish.
    pub port_bindings: Option<PortMap>,
    /// What happens at its end.
    pub restart_policy: RestartPolicy,
    /// Remove it at its end.
    pub auto_remove: bool,
    /// Driver of the volumes in `binds`.
    pub volume_driver: String,
    /// Containers whose volumes it gets.
    pub volumes_from: Option<Vec<String>>,
    /// The terminal's first size, rows then columns.
    pub console_size: [u32; 2],
    /// OCI annotations (1.43).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Capabilities to add; `ALL`.
    pub cap_add: Option<StringOrList>,
    /// Capabilities to drop; `ALL`.
    pub cap_drop: Option<StringOrList>,
    /// `private`, `host` or empty for the daemon's default (1.41).
    pub cgroupns_mode: String,
    /// Name servers; `[]` where none are given.
    pub dns: Option<Vec<String>>,
    /// Options of resolv.conf.
    pub dns_options: Option<Vec<String>>,
    /// Search domains.
    pub dns_search: Option<Vec<String>>,
    /// `name:address`.
    pub extra_hosts: Option<Vec<String>>,
    /// Further groups of the user.
    pub group_add: Option<Vec<String>>,
    /// `private`, `shareable`, `none`, `host`, `container:…`.
    pub ipc_mode: String,
    /// `container:…`.
    pub cgroup: String,
    /// Legacy links, `container:alias`.
    pub links: Option<Vec<String>>,
    /// -1000 … 1000.
    pub oom_score_adj: i64,
    /// Empty, `host` or `container:…`.
    pub pid_mode: String,
    /// All capabilities and devices.
    pub privileged: bool,
    /// Publish every exposed port.
    pub publish_all_ports: bool,
    /// The root file system is read-only.
    pub readonly_rootfs: bool,
    /// `seccomp=…`, `no-new-privileges` …
    pub security_opt: Option<Vec<String>>,
    /// Options of the storage driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_opt: Option<BTreeMap<String, String>>,
    /// Path to mount options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs: Option<BTreeMap<String, String>>,
    /// Empty or `host`.
    #[serde(rename = "UTSMode")]
    pub uts_mode: String,
    /// Empty or `host`.
    pub userns_mode: String,
    /// Size of `/dev/shm`.
    pub shm_size: i64,
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sysctls: Option<BTreeMap<String, String>>,
    /// A runtime's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub runtime: String,
    /// Of Windows.
    pub isolation: String,
    /// Relative weight of its CPU time.
    pub cpu_shares: i64,
    /// Limit of its memory.
    pub memory: i64,
    /// Limit of its CPU time in billionths of one CPU.
    pub nano_cpus: i64,
    /// The control group above its own.
    pub cgroup_parent: String,
    /// Relative weight of its block I/O, 10 … 1000.
    pub blkio_weight: u16,
    /// The same for one device.
    pub blkio_weight_device: Option<Vec<WeightDevice>>,
    /// Bytes per second.
    pub blkio_device_read_bps: Option<Vec<ThrottleDevice>>,
    /// Bytes per second.
    pub blkio_device_write_bps: Option<Vec<ThrottleDevice>>,
    /// Operations per second.
    #[serde(rename = "BlkioDeviceReadIOps")]
    pub blkio_device_read_iops: Option<Vec<ThrottleDevice>>,
    /// Operations per second.
    #[serde(rename = "BlkioDeviceWriteIOps")]
    pub blkio_device_write_iops: Option<Vec<ThrottleDevice>>,
    /// Microseconds.
    pub cpu_period: i64,
    /// Microseconds in each period.
    pub cpu_quota: i64,
    /// Microseconds.
    pub cpu_realtime_period: i64,
    /// Microseconds in each period.
    pub cpu_realtime_runtime: i64,
    /// Such as `0-2,5`.
    pub cpuset_cpus: String,
    /// The same of memory nodes.
    pub cpuset_mems: String,
    /// Devices it gets.
    pub devices: Option<Vec<DeviceMapping>>,
    /// Such as `c 1:3 rwm`.
    pub device_cgroup_rules: Option<Vec<String>>,
    /// GPUs and the like.
    pub device_requests: Option<Vec<DeviceRequest>>,
    /// Limit of kernel memory (gone in 1.42).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub kernel_memory: i64,
    /// Limit of TCP's memory.
    #[serde(rename = "KernelMemoryTCP", skip_serializing_if = "crate::json::is_zero")]
    pub kernel_memory_tcp: i64,
    /// Soft limit of its memory.
    pub memory_reservation: i64,
    /// Limit of memory and swap together; -1 for none.
    pub memory_swap: i64,
    /// 0 … 100; -1 and `null` for the default.
    pub memory_swappiness: Option<i64>,
    /// The kernel does not kill it for lack of memory.
    pub oom_kill_disable: Option<bool>,
    /// Processes and threads; 0, -1 and `null` for no limit.
    pub pids_limit: Option<i64>,
    /// Resource limits.
    pub ulimits: Option<Vec<Ulimit>>,
    /// Of Windows.
    pub cpu_count: i64,
    /// Of Windows.
    pub cpu_percent: i64,
    /// Of Windows.
    #[serde(rename = "IOMaximumIOps")]
    pub io_maximum_iops: u64,
    /// Of Windows.
    #[serde(rename = "IOMaximumBandwidth")]
    pub io_maximum_bandwidth: u64,
    /// The long form of `binds`, `tmpfs` and volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<Mount>>,
    /// Paths hidden from it; `null` for the default, `[]` for none.
    pub masked_paths: Option<Vec<String>>,
    /// Paths it cannot write; `null` for the default, `[]` for none.
    pub readonly_paths: Option<Vec<String>>,
    /// Whether a small init is its PID 1; `null` for the daemon's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
}

/// Where the output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LogConfig {
    /// `json-file`, `none` …; empty for the daemon's default.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Options of the driver; `{}` where none are given.
    pub config: Option<BTreeMap<String, String>>,
}

/// What happens at a container's end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RestartPolicy {
    /// Empty, `no`, `always`, `unless-stopped`, `on-failure`.
    pub name: String,
    /// Of `on-failure`; 0 for no limit.
    pub maximum_retry_count: i64,
}

/// A block device's weight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct WeightDevice {
    /// On the host.
    pub path: String,
    /// 10 … 1000.
    pub weight: u16,
}

/// A block device's limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ThrottleDevice {
    /// On the host.
    pub path: String,
    /// Bytes or operations per second.
    pub rate: u64,
}

/// A device of the host in the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeviceMapping {
    /// On the host.
    pub path_on_host: String,
    /// In the container.
    pub path_in_container: String,
    /// Of `r`, `w` and `m`.
    pub cgroup_permissions: String,
}

/// Devices chosen by their driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeviceRequest {
    /// `nvidia`, `cdi` …
    pub driver: String,
    /// -1 for all.
    pub count: i64,
    /// Instead of a count.
    #[serde(rename = "DeviceIDs")]
    pub device_ids: Option<Vec<String>>,
    /// Alternatives of sets.
    pub capabilities: Option<Vec<Vec<String>>>,
    /// For the driver.
    pub options: Option<BTreeMap<String, String>>,
}

/// A resource limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Ulimit {
    /// Such as `nofile`.
    pub name: String,
    /// What it cannot exceed; -1 for no limit.
    pub hard: i64,
    /// What it has; -1 for no limit.
    pub soft: i64,
}
