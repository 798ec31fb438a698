//! `GET /containers/json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MountPoint;
use crate::network::NetworkSettingsSummary;
use crate::port::PortSummary;

/// One container in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ContainerSummary {
    /// 64 hexadecimal digits.
    pub id: String,
    /// With a slash in front.
    pub names: Vec<String>,
    /// As the user named it; its id where the name is gone.
    pub image: String,
    /// `sha256:…`.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Program and arguments in one string.
    pub command: String,
    /// Seconds since 1970.
    pub created: i64,
    /// Its ports, published or not.
    pub ports: Vec<PortSummary>,
    /// Bytes written; only where asked for.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub size_rw: i64,
    /// Bytes altogether; only where asked for.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub size_root_fs: i64,
    /// Labels, the image's included.
    pub labels: BTreeMap<String, String>,
    /// `created`, `running` …
    pub state: String,
    /// For people: `Up 2 minutes`.
    pub status: String,
    /// What belongs to this host.
    pub host_config: HostConfigSummary,
    /// Its networks.
    pub network_settings: NetworkSettingsSummary,
    /// Its mounts.
    pub mounts: Vec<MountPoint>,
}

/// What the list tells of the host's part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HostConfigSummary {
    /// As in the container's host configuration.
    pub network_mode: String,
    /// OCI annotations (1.46).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}
