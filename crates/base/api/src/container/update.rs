//! `POST /containers/{id}/update`. Docker's body is a part of [`super::HostConfig`]: its limits and its restart policy. Beside
//! that stand changes that Docker has no way for.

use serde::{Deserialize, Deserializer, Serialize};

use super::{HostConfig, Mount};
use crate::port::PortMap;

/// The body.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UpdateRequest {
    /// Limits and restart policy; 0 and empty change nothing.
    #[serde(flatten)]
    pub host_config: HostConfig,
    /// The rest.
    #[serde(flatten)]
    pub edit: Edit,
}

impl<'de> Deserialize<'de> for UpdateRequest {
    /// By hand, since `flatten` would hide the names of the keys from [`crate::json`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let body = serde_json::Value::deserialize(deserializer)?;
        let edit = crate::json::from_value(&body).map_err(D::Error::custom)?;
        let host_config = crate::json::from_value(&body).map_err(D::Error::custom)?;
        Ok(Self { host_config, edit })
    }
}

/// What is added to a container and taken away from it: ports and mounts at once where it runs, variables at its next start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Edit {
    /// Ports to publish.
    #[serde(skip_serializing_if = "PortMap::is_empty")]
    pub publish_add: PortMap,
    /// Ports not to publish any more; without bindings all of that port's.
    #[serde(skip_serializing_if = "PortMap::is_empty")]
    pub publish_remove: PortMap,
    /// Variables, as `NAME=value`; one of that name gives way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_add: Vec<String>,
    /// Names of variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_remove: Vec<String>,
    /// Binds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mount_add: Vec<Mount>,
    /// Targets of mounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mount_remove: Vec<String>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateResponse {
    /// What the user should know; `null` for nothing.
    pub warnings: Option<Vec<String>>,
}
