//! How a refused request is answered.

use serde::{Deserialize, Serialize};

/// The body of every answer with a status of 400 or more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorResponse {
    /// What was refused and why.
    pub message: String,
}
