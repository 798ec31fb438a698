//! `GET /containers/{id}/top`.

use serde::{Deserialize, Serialize};

/// A container's processes, as ps(1) tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct TopResponse {
    /// One row for each process, as long as `titles`.
    pub processes: Vec<Vec<String>>,
    /// The columns.
    pub titles: Vec<String>,
}
