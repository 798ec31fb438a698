//! `POST /containers/{id}/update`. The body is a part of [`super::HostConfig`]: its limits and its restart policy.

use serde::{Deserialize, Serialize};

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateResponse {
    /// What the user should know; `null` for nothing.
    pub warnings: Option<Vec<String>>,
}
