//! Volumes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Volume {
    /// When it was made (RFC 3339).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    /// What makes it: `local`.
    pub driver: String,
    /// `null` where none were given.
    pub labels: Option<BTreeMap<String, String>>,
    /// Where it is on the host.
    pub mountpoint: String,
    /// Its name.
    pub name: String,
    /// The driver's options; `null` where none were given.
    pub options: Option<BTreeMap<String, String>>,
    /// `local` or `global`.
    pub scope: String,
    /// What its driver tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BTreeMap<String, Value>>,
    /// How it is used; in `GET /system/df` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_data: Option<UsageData>,
}

/// How a volume is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UsageData {
    /// Containers that mount it; -1 where not counted.
    pub ref_count: i64,
    /// Bytes; -1 where its driver cannot tell.
    pub size: i64,
}

/// The answer to `GET /volumes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VolumeList {
    /// All that match; `[]` for none.
    pub volumes: Vec<Volume>,
    /// Drivers that did not answer; `null` for none.
    pub warnings: Option<Vec<String>>,
}

/// The body of `POST /volumes/create`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VolumeCreateRequest {
    /// Empty for `local`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// The driver's options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_opts: Option<BTreeMap<String, String>>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Empty for one that is made up.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_volume_is_written_as_docker_writes_it() {
        let volume = Volume {
            created_at: "2026-12-01T02:54:45Z".into(),
            driver: "local".into(),
            mountpoint: "/v/zz/_data".into(),
            name: "zz".into(),
            scope: "local".into(),
            ..Volume::default()
        };
        assert_eq!(
            serde_json::to_string(&volume).unwrap(),
            r#"{"CreatedAt":"2026-12-01T02:54:45Z","Driver":"local","Labels":null,"Mountpoint":"/v/zz/_data","Name":"zz","Options":null,"Scope":"local"}"#
        );
    }
}
