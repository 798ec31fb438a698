//! Mounts, as asked for and as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A mount as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs`, `image`, `npipe`, `cluster`.
    #[serde(rename = "Type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// A path of the host, a volume's name or an image's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// In the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Cannot be written.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub read_only: bool,
    /// Of macOS and Windows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub consistency: String,
    /// Of a bind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_options: Option<BindOptions>,
    /// Of a volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_options: Option<VolumeOptions>,
    /// Of an image (1.48).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_options: Option<ImageOptions>,
    /// Of a tmpfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs_options: Option<TmpfsOptions>,
}

/// Options of a bind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct BindOptions {
    /// `private`, `rprivate`, `shared` …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub propagation: String,
    /// Without the mounts below it (1.40).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub non_recursive: bool,
    /// Make the source where it is missing (1.42).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub create_mountpoint: bool,
    /// Mounts below a read-only one may be written (1.44).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub read_only_non_recursive: bool,
    /// Refuse where mounts below cannot be made read-only (1.44).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub read_only_force_recursive: bool,
}

/// Options of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VolumeOptions {
    /// An empty volume is not filled from the image.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub no_copy: bool,
    /// Of a volume that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// A directory in the volume (1.45).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subpath: String,
    /// Of a volume that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_config: Option<DriverConfig>,
}

/// A volume's driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DriverConfig {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
}

/// Options of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageOptions {
    /// A directory in the image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subpath: String,
}

/// Options of a tmpfs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct TmpfsOptions {
    /// Bytes; 0 for no limit.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub size_bytes: i64,
    /// Permission bits; 0 for 1777.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub mode: u32,
    /// Pairs, or a flag alone (1.46).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<Vec<String>>>,
}

/// A mount as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MountPoint {
    /// `bind`, `volume`, `tmpfs` …
    #[serde(rename = "Type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// A volume's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// On the host.
    pub source: String,
    /// In the container.
    pub destination: String,
    /// A volume's driver.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Options as given.
    pub mode: String,
    /// Can be written.
    #[serde(rename = "RW")]
    pub rw: bool,
    /// `rprivate` …
    pub propagation: String,
}
