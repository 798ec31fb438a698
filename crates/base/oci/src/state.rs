//! The state of a container: runtime-spec, "State".

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The version of the runtime specification that we write.
pub const VERSION: &str = "1.2.0";

/// Where a container is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is being made.
    Creating,
    /// It waits to be started.
    Created,
    /// Its program runs.
    Running,
    /// Its processes are frozen; not the specification's word, but what runtimes say.
    Paused,
    /// Its program has ended.
    Stopped,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Creating => "creating",
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Stopped => "stopped",
        }
    }
}

/// The state of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The specification's version.
    pub oci_version: String,
    /// Unique on the host.
    pub id: String,
    /// Where it is in its life.
    pub status: Status,
    /// PID 1 in the runtime's PID namespace; absent or 0 where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Absolute.
    pub bundle: PathBuf,
    /// From the specification.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_specification_s() {
        let state = State {
            oci_version: VERSION.into(),
            id: "a".into(),
            status: Status::Creating,
            pid: Some(7),
            bundle: "/b".into(),
            annotations: BTreeMap::new(),
        };
        let text = r#"{"ociVersion":"1.2.0","id":"a","status":"creating","pid":7,"bundle":"/b"}"#;
        assert_eq!(serde_json::to_string(&state).unwrap(), text);
        assert_eq!(state.status.word(), "creating");
    }
}
