//! `GET /containers/{id}/json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ContainerConfig, HostConfig, MountPoint};
use crate::network::NetworkSettings;

/// Everything about one container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ContainerInspect {
    /// 64 hexadecimal digits.
    pub id: String,
    /// RFC 3339.
    pub created: String,
    /// The program.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// How it is.
    pub state: State,
    /// The image's id.
    pub image: String,
    /// On the host.
    pub resolv_conf_path: String,
    /// On the host.
    pub hostname_path: String,
    /// On the host.
    pub hosts_path: String,
    /// On the host; empty where nothing is logged to a file.
    pub log_path: String,
    /// With a slash in front.
    pub name: String,
    /// Restarts by policy.
    pub restart_count: i64,
    /// How layers are put together: `overlay2`.
    pub driver: String,
    /// `linux`.
    pub platform: String,
    /// Of SELinux.
    pub mount_label: String,
    /// Of SELinux.
    pub process_label: String,
    /// AppArmor's profile.
    pub app_armor_profile: String,
    /// `null` for none.
    #[serde(rename = "ExecIDs")]
    pub exec_ids: Option<Vec<String>>,
    /// What belongs to this host.
    pub host_config: HostConfig,
    /// Where its layers are.
    pub graph_driver: GraphDriver,
    /// Bytes written; only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_rw: Option<i64>,
    /// Bytes altogether; only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_root_fs: Option<i64>,
    /// Its mounts.
    pub mounts: Vec<MountPoint>,
    /// The portable part.
    pub config: ContainerConfig,
    /// Its networks.
    pub network_settings: NetworkSettings,
}

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct State {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`.
    pub status: String,
    /// Also true while paused.
    pub running: bool,
    /// Frozen.
    pub paused: bool,
    /// Between two runs.
    pub restarting: bool,
    /// The kernel killed something in it for lack of memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// Could not be removed.
    pub dead: bool,
    /// In the host's namespace; 0 where it does not run.
    pub pid: i32,
    /// Of the last run.
    pub exit_code: i32,
    /// Why it did not start.
    pub error: String,
    /// RFC 3339; `0001-01-01T00:00:00Z` for never.
    pub started_at: String,
    /// RFC 3339; `0001-01-01T00:00:00Z` for never.
    pub finished_at: String,
    /// Where it has a health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// Whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Health {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    /// In a row.
    pub failing_streak: i64,
    /// The last five.
    pub log: Option<Vec<HealthcheckResult>>,
}

/// One check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HealthcheckResult {
    /// RFC 3339.
    pub start: String,
    /// RFC 3339.
    pub end: String,
    /// 0 well, 1 not.
    pub exit_code: i32,
    /// The first 4096 bytes.
    pub output: String,
}

/// Where layers are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GraphDriver {
    /// `LowerDir`, `UpperDir`, `WorkDir`, `MergedDir`.
    pub data: Option<BTreeMap<String, String>>,
    /// `overlay2`.
    pub name: String,
}
