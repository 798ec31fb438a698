//! The configuration of an image: what its containers run, and the layers it is made of.

use std::collections::{BTreeMap, BTreeSet};

use names::{Digest, Platform, PlatformError};
use serde::{Deserialize, Serialize};

use super::{MAX_CONFIG, MAX_HISTORY, MAX_LAYERS, Manifest, bounded};

/// Why bytes are no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// More bytes than a configuration may have.
    #[error("image configuration has {size} bytes, more than the {MAX_CONFIG} that are allowed")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
    },
    /// It is not JSON, or a list is too long.
    #[error("image configuration is malformed")]
    Malformed(#[from] serde_json::Error),
    /// The layers are not stated as layers.
    #[error("unsupported rootfs type {0:?}")]
    RootFs(String),
    /// The manifest has another number of layers; the text is Docker's.
    #[error("layers from manifest don't match image configuration")]
    Layers,
}

/// The configuration of an image; its digest is the image's id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// When it was made (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// As Go's `GOARCH`.
    #[serde(deserialize_with = "bounded::nullable")]
    pub architecture: String,
    /// The variant of the architecture.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// As Go's `GOOS`.
    #[serde(deserialize_with = "bounded::nullable")]
    pub os: String,
    /// The version of the operating system (Windows).
    #[serde(rename = "os.version", deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// Features of the operating system (Windows).
    #[serde(
        rename = "os.features",
        deserialize_with = "bounded::list::<_, _, 64>",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// What containers run by default.
    #[serde(deserialize_with = "bounded::nullable")]
    pub config: ContainerConfig,
    /// The layers.
    pub rootfs: RootFs,
    /// How the layers came to be, the oldest first.
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_HISTORY>", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// Docker: a comment.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Docker: the container it was committed from.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// Docker: that container's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_config: Option<ContainerConfig>,
    /// Docker: the version that made it.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub docker_version: String,
}

/// The layers of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The digests of the unpacked layers, lowest first.
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_LAYERS>")]
    pub diff_ids: Vec<Digest>,
}

/// One step of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// When (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// The command.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// A comment.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether the step made no layer.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// What containers of an image run by default. `None` is Go's nil, which Docker shows as `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerConfig {
    /// Docker: the host name; empty in images.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// Docker: the domain name; empty in images.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub domainname: String,
    /// `user[:group]`, names or numbers.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Ports as `80/tcp`.
    #[serde(with = "bounded::key_set", skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<BTreeSet<String>>,
    /// `NAME=value` entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// The program, or the arguments of the entrypoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// How to see whether a container is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Windows: whether the command is escaped already.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    /// Docker: the image it was built from.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Paths that get a volume.
    #[serde(with = "bounded::key_set", skip_serializing_if = "Option::is_none")]
    pub volumes: Option<BTreeSet<String>>,
    /// The working directory.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// The program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Instructions for builds on top of this image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_build: Option<Vec<String>>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// The signal that stops a container, name or number.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Seconds until a container that is told to stop is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    /// The shell of the shell forms of RUN, CMD and ENTRYPOINT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
}

/// How to see whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// Empty inherits; `NONE` disables; `CMD` and arguments; `CMD-SHELL` and a command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Vec<String>>,
    /// Nanoseconds between probes; 0 inherits.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// Nanoseconds that a probe may take; 0 inherits.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// Nanoseconds at the start in which failures do not count; 0 inherits.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// Nanoseconds between probes at the start; 0 inherits.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// Failures in a row that make a container unhealthy; 0 inherits.
    #[serde(deserialize_with = "bounded::nullable", skip_serializing_if = "is_zero")]
    pub retries: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl ImageConfig {
    /// Reads a configuration. Content that is no image (a chart, a model) is refused, as it has no layers of a root file
    /// system.
    pub fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() > MAX_CONFIG {
            return Err(ConfigError::TooLarge { size: bytes.len() });
        }
        let config: Self = serde_json::from_slice(bytes)?;
        if config.rootfs.kind == "layers" { Ok(config) } else { Err(ConfigError::RootFs(config.rootfs.kind)) }
    }

    /// Checks that the manifest which led here has as many layers as this configuration.
    pub fn check_layers(&self, manifest: &Manifest) -> Result<(), ConfigError> {
        if manifest.layers.len() == self.rootfs.diff_ids.len() { Ok(()) } else { Err(ConfigError::Layers) }
    }

    /// What the image runs on; an image that names no operating system is for the host's.
    pub fn platform(&self) -> Result<Platform, PlatformError> {
        Platform::new(&self.os, &self.architecture, &self.variant)
    }
}

#[cfg(test)]
#[path = "config_test.rs"]
mod tests;
