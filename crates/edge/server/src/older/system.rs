//! Small bodies as older versions know them.

use serde_json::{Map, Value};

/// Until 1.34 `GET /version` told of the engine alone.
pub(super) fn components_are_not_told(version: &mut Map<String, Value>) {
    version.shift_remove("Components");
    version.shift_remove("Platform");
}

/// Until 1.33 a wait told the exit code alone.
pub(super) fn errors_are_not_told(wait: &mut Map<String, Value>) {
    wait.shift_remove("Error");
}
