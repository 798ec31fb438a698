//! What is the same wherever a container runs: also the `config` of an image.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::port::{Empty, PortSet};

/// The portable part of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// Empty for the short id.
    pub hostname: String,
    /// The domain.
    pub domainname: String,
    /// `name|uid[:group|gid]`; empty for root.
    pub user: String,
    /// The client wants to join standard input.
    pub attach_stdin: bool,
    /// The client wants to join standard output.
    pub attach_stdout: bool,
    /// The client wants to join standard error.
    pub attach_stderr: bool,
    /// Ports the container serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<PortSet>,
    /// Has a terminal.
    pub tty: bool,
    /// Standard input stays open.
    pub open_stdin: bool,
    /// Standard input closes when its first client leaves.
    pub stdin_once: bool,
    /// `NAME=value`; a name alone takes a variable of the image away.
    pub env: Option<Vec<String>>,
    /// Arguments, or program and arguments where there is no entrypoint.
    pub cmd: Option<StringOrList>,
    /// How to find out whether it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Of Windows.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub args_escaped: bool,
    /// The image as the user named it.
    pub image: String,
    /// Paths that are volumes.
    pub volumes: Option<BTreeMap<String, Empty>>,
    /// Where the program starts.
    pub working_dir: String,
    /// Program and first arguments. `[]` or `[""]` takes the image's away.
    pub entrypoint: Option<StringOrList>,
    /// No network at all.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub network_disabled: bool,
    /// Hardware address (deprecated in 1.44).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mac_address: String,
    /// Instructions for builds upon this image.
    pub on_build: Option<Vec<String>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The signal of a polite stop; empty for SIGTERM.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Seconds between that and SIGKILL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i32>,
    /// The shell of the instructions' shell forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<StringOrList>,
}

/// How to find out whether a container is well. Times are nanoseconds; 0 inherits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `[]` inherit, `["NONE"]`, `["CMD", …]`, `["CMD-SHELL", "…"]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Between two checks.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub interval: i64,
    /// For one check.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub timeout: i64,
    /// While failures do not count.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub start_period: i64,
    /// Between two checks in that time (1.44).
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub start_interval: i64,
    /// Failures in a row that make it unhealthy.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub retries: i64,
}

/// A list of strings that may also be given as one string, which is then the only member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StringOrList(pub Vec<String>);

impl std::ops::Deref for StringOrList {
    type Target = Vec<String>;

    fn deref(&self) -> &Vec<String> {
        &self.0
    }
}

impl From<Vec<String>> for StringOrList {
    fn from(list: Vec<String>) -> Self {
        Self(list)
    }
}

impl<'de> Deserialize<'de> for StringOrList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringOrListVisitor)
    }
}

struct StringOrListVisitor;

impl<'de> Visitor<'de> for StringOrListVisitor {
    type Value = StringOrList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E>(self, text: &str) -> Result<StringOrList, E> {
        Ok(StringOrList(vec![text.to_owned()]))
    }

    fn visit_unit<E>(self) -> Result<StringOrList, E> {
        Ok(StringOrList::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<StringOrList, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = list.next_element()? {
            all.push(text);
        }
        Ok(StringOrList(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_empty_config_is_written_as_docker_writes_it() {
        let expected = r#"{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null}"#;
        assert_eq!(serde_json::to_string(&ContainerConfig::default()).unwrap(), expected);
    }

    #[test]
    fn a_command_may_be_a_string_a_list_or_null() {
        let read = |text: &str| json::from_slice::<ContainerConfig>(text.as_bytes()).unwrap().cmd;
        assert_eq!(read(r#"{"Cmd":"ls -l"}"#), Some(StringOrList(vec!["ls -l".into()])));
        assert_eq!(read(r#"{"cmd":["ls","-l"]}"#), Some(StringOrList(vec!["ls".into(), "-l".into()])));
        assert_eq!(read(r#"{"Cmd":[]}"#), Some(StringOrList(vec![])));
        assert_eq!(read(r#"{"Cmd":null}"#), None);
        assert!(json::from_slice::<ContainerConfig>(br#"{"Cmd":5}"#).is_err());
    }
}
