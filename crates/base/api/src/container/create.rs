//! `POST /containers/create`.

use serde::{Deserialize, Deserializer, Serialize};

use super::{ContainerConfig, HostConfig};
use crate::network::NetworkingConfig;

/// The body: the keys of [`ContainerConfig`], and two more beside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerCreateRequest {
    /// The portable part.
    #[serde(flatten)]
    pub config: ContainerConfig,
    /// What belongs to this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_config: Option<HostConfig>,
    /// Which networks it joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networking_config: Option<NetworkingConfig>,
}

/// What stands beside the configuration. It has the name that messages of wrong bodies give to the whole.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase", rename = "container.CreateRequest")]
struct Beside {
    host_config: Option<HostConfig>,
    networking_config: Option<NetworkingConfig>,
}

impl<'de> Deserialize<'de> for ContainerCreateRequest {
    /// By hand, since `flatten` would hide the names of the keys from [`crate::json`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let body = serde_json::Value::deserialize(deserializer)?;
        let beside: Beside = crate::json::from_value(&body).map_err(D::Error::custom)?;
        let config = crate::json::from_value(&body).map_err(D::Error::custom)?;
        Ok(Self { config, host_config: beside.host_config, networking_config: beside.networking_config })
    }
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateResponse {
    /// 64 hexadecimal digits.
    pub id: String,
    /// What the user should know; `[]` for nothing.
    pub warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn both_parts_are_read_from_one_object() {
        let body = br#"{"Image":"busybox","tty":true,"HostConfig":{"AutoRemove":true,"Memory":null},"NetworkingConfig":{"EndpointsConfig":{"n":null}},"Foo":1}"#;
        let request: ContainerCreateRequest = json::from_slice(body).unwrap();
        assert_eq!(request.config.image, "busybox");
        assert!(request.config.tty);
        assert!(request.host_config.unwrap().auto_remove);
        assert_eq!(request.networking_config.unwrap().endpoints_config["n"], None);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let request = ContainerCreateRequest { host_config: Some(HostConfig::default()), ..Default::default() };
        let text = serde_json::to_vec(&request).unwrap();
        assert_eq!(json::from_slice::<ContainerCreateRequest>(&text).unwrap(), request);
    }
}
