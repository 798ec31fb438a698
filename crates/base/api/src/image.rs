//! Images: lists, inspection, history and removal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::container::{GraphDriver, Healthcheck, StringOrList};
use crate::port::{Empty, PortSet};

/// One image in `GET /images/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageSummary {
    /// How many containers use it; -1 where not counted.
    pub containers: i64,
    /// Seconds since 1970.
    pub created: i64,
    /// `sha256:…`.
    pub id: String,
    /// `null` where there are none.
    pub labels: Option<BTreeMap<String, String>>,
    /// The image it was built upon; usually empty.
    pub parent_id: String,
    /// `name@digest`.
    pub repo_digests: Vec<String>,
    /// `name:tag`.
    pub repo_tags: Vec<String>,
    /// Bytes shared with other images; -1 where not computed.
    pub shared_size: i64,
    /// Bytes.
    pub size: i64,
}

/// The answer to `GET /images/{name}/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageInspect {
    /// `sha256:…`.
    pub id: String,
    /// `name:tag`.
    pub repo_tags: Vec<String>,
    /// `name@digest`.
    pub repo_digests: Vec<String>,
    /// The image it was built upon; usually empty.
    pub parent: String,
    /// Text of the last commit.
    pub comment: String,
    /// RFC 3339; left out where the image has no date (1.44).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created: String,
    /// The version of the engine that made it.
    pub docker_version: String,
    /// Who made it.
    pub author: String,
    /// What containers of it get.
    pub config: Option<ImageConfig>,
    /// `amd64` …
    pub architecture: String,
    /// `v8` …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// `linux`.
    pub os: String,
    /// Of Windows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// Bytes.
    pub size: i64,
    /// Where its layers are.
    pub graph_driver: GraphDriver,
    /// Its layers.
    #[serde(rename = "RootFS")]
    pub root_fs: RootFs,
    /// What is known beyond the image itself.
    pub metadata: ImageMetadata,
}

/// What containers of an image get. Nothing that is empty is written (1.50).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageConfig {
    /// `name|uid[:group|gid]`; empty for root.
    pub user: String,
    /// Ports the container serves.
    #[serde(skip_serializing_if = "PortSet::is_empty")]
    pub exposed_ports: PortSet,
    /// `NAME=value`.
    pub env: Option<Vec<String>>,
    /// Program and first arguments.
    pub entrypoint: Option<StringOrList>,
    /// Arguments, or program and arguments where there is no entrypoint.
    pub cmd: Option<StringOrList>,
    /// Paths that are volumes.
    pub volumes: Option<BTreeMap<String, Empty>>,
    /// Where the program starts.
    pub working_dir: String,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The signal of a polite stop.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Of Windows.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub args_escaped: bool,
    /// How to find out whether a container is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Instructions for builds upon this image.
    pub on_build: Option<Vec<String>>,
    /// The shell of the instructions' shell forms.
    #[serde(skip_serializing_if = "is_empty_list")]
    pub shell: StringOrList,
}

fn is_empty_list(list: &StringOrList) -> bool {
    list.is_empty()
}

/// An image's layers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Digests of the unpacked layers, the lowest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
}

/// What is known beyond the image itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageMetadata {
    /// RFC 3339; `0001-01-01T00:00:00Z` for never.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_tag_time: String,
}

/// One step in `GET /images/{name}/history`, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageHistoryItem {
    /// Text of the commit.
    pub comment: String,
    /// Seconds since 1970.
    pub created: i64,
    /// The command.
    pub created_by: String,
    /// `sha256:…` for the image's own step, `<missing>` for the others.
    pub id: String,
    /// Bytes.
    pub size: i64,
    /// `name:tag`; `null` for none.
    pub tags: Option<Vec<String>>,
}

/// One line of the answer to `DELETE /images/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageDeleteItem {
    /// A name that was taken away.
    Untagged(String),
    /// An image or layer that is gone.
    Deleted(String),
}

/// The answer to `POST /commit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CommitResponse {
    /// `sha256:…`.
    pub id: String,
}
