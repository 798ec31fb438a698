//! Lines of the JSON streams that pull, load and import answer.

use serde::{Deserialize, Serialize};

/// One line of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsonMessage {
    /// Text to print as it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stream: String,
    /// What happens to the object `id`, or in general.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// How far it is.
    #[serde(rename = "progressDetail", skip_serializing_if = "Option::is_none")]
    pub progress_detail: Option<ProgressDetail>,
    /// The bar drawn by the daemon, for clients that draw none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub progress: String,
    /// The short id of a layer, or a tag.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Why the stream ends early.
    #[serde(rename = "errorDetail", skip_serializing_if = "Option::is_none")]
    pub error_detail: Option<ErrorDetail>,
    /// The same as text, for old clients.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// Results for programs, such as the id of what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aux: Option<serde_json::Value>,
}

impl JsonMessage {
    /// A general status.
    pub fn status(text: impl Into<String>) -> Self {
        Self { status: text.into(), ..Self::default() }
    }

    /// Text to print as it is.
    pub fn stream(text: impl Into<String>) -> Self {
        Self { stream: text.into(), ..Self::default() }
    }

    /// The status of the object `id`, with the empty `progressDetail` that Docker sends when there are no numbers.
    pub fn of(id: impl Into<String>, status: impl Into<String>) -> Self {
        let progress_detail = Some(ProgressDetail::default());
        Self { id: id.into(), status: status.into(), progress_detail, ..Self::default() }
    }

    /// The last line of a stream that failed.
    pub fn error(code: i32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { error_detail: Some(ErrorDetail { code, message: message.clone() }), error: message, ..Self::default() }
    }
}

/// How far something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProgressDetail {
    /// Done so far, in bytes unless `units` says otherwise.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub current: i64,
    /// The whole; 0 where unknown.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub total: i64,
    /// When it began, in seconds since 1970.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub start: i64,
    /// Do not draw numbers.
    #[serde(rename = "hidecounts", skip_serializing_if = "crate::json::is_zero")]
    pub hide_counts: bool,
}

/// Why a stream ended early.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorDetail {
    /// A status or exit code; 0 for none.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub code: i32,
    /// Step, object and cause.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_docker_writes_them() {
        let line = |message: JsonMessage| serde_json::to_string(&message).unwrap();
        assert_eq!(
            line(JsonMessage::of("a1b2", "Pulling fs layer")),
            r#"{"status":"Pulling fs layer","progressDetail":{},"id":"a1b2"}"#
        );
        assert_eq!(line(JsonMessage::status("Digest: sha256:0")), r#"{"status":"Digest: sha256:0"}"#);
        assert_eq!(line(JsonMessage::error(0, "boom")), r#"{"errorDetail":{"message":"boom"},"error":"boom"}"#);
    }
}
