//! Further processes in a running container.

use serde::{Deserialize, Serialize};

/// The body of `POST /containers/{id}/exec`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ExecCreateRequest {
    /// User, `name|uid[:group|gid]`; empty for the container's.
    pub user: String,
    /// All capabilities.
    pub privileged: bool,
    /// Give it a terminal.
    pub tty: bool,
    /// The terminal's size, rows then columns (1.42).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_size: Option<[u32; 2]>,
    /// Join standard input.
    pub attach_stdin: bool,
    /// Join standard error.
    pub attach_stderr: bool,
    /// Join standard output.
    pub attach_stdout: bool,
    /// Keys that detach; empty for the default.
    pub detach_keys: String,
    /// Further environment.
    pub env: Option<Vec<String>>,
    /// The directory it starts in; empty for the container's.
    pub working_dir: String,
    /// Program and arguments.
    pub cmd: Vec<String>,
}

/// The answer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ExecCreateResponse {
    /// The exec's id.
    pub id: String,
}

/// The body of `POST /exec/{id}/start`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ExecStartRequest {
    /// Answer at once, and join nothing.
    pub detach: bool,
    /// Must be as at the creation.
    pub tty: bool,
    /// The terminal's size, rows then columns (1.42).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_size: Option<[u32; 2]>,
}

/// The answer to `GET /exec/{id}/json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ExecInspect {
    /// The exec's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Whether it runs.
    pub running: bool,
    /// How it ended; `null` before.
    pub exit_code: Option<i32>,
    /// What runs.
    pub process_config: ExecProcessConfig,
    /// Whether standard input is open.
    pub open_stdin: bool,
    /// Whether standard error is joined.
    pub open_stderr: bool,
    /// Whether standard output is joined.
    pub open_stdout: bool,
    /// Whether it can be started still.
    pub can_remove: bool,
    /// The container's id.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
    /// Keys that detach; Docker writes the bytes as base64, and `""` for the default.
    pub detach_keys: String,
    /// Its process in the host's namespace; 0 for none.
    pub pid: i32,
}

/// What an exec runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecProcessConfig {
    /// Has a terminal.
    pub tty: bool,
    /// The program.
    pub entrypoint: String,
    /// Its arguments.
    pub arguments: Option<Vec<String>>,
    /// All capabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// User as given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
}
