//! What happened in the engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// The same as `action`, for containers and images (gone in 1.52).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// The same as the actor's id, for containers and images (gone in 1.52).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The image of a container (gone in 1.52).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// The noun: `container`, `image`, `network` …
    #[serde(rename = "Type")]
    pub kind: String,
    /// The verb: `create`, `die` …
    #[serde(rename = "Action")]
    pub action: String,
    /// What it happened to.
    #[serde(rename = "Actor")]
    pub actor: Actor,
    /// `local` or `swarm`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub time: i64,
    /// Nanoseconds since 1970.
    #[serde(rename = "timeNano", skip_serializing_if = "crate::json::is_zero")]
    pub time_nano: i64,
}

/// What an event happened to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The object's id; of an image its name or id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Name, image, labels and whatever belongs to the action.
    #[serde(rename = "Attributes")]
    pub attributes: BTreeMap<String, String>,
}
