//! What is stored of a container.

use api::container::{ContainerConfig, HostConfig};
use serde::{Deserialize, Serialize};

use crate::state::State;

/// One container. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Without a slash.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
    /// The image's id, as `sha256:…`.
    pub image_id: String,
    /// The portable part, merged with the image's.
    pub config: ContainerConfig,
    /// The part that belongs to this host.
    pub host_config: HostConfig,
    /// Where it is in its life.
    pub state: State,
}

impl Record {
    /// The program and its arguments: the entrypoint, then the command.
    pub fn command(&self) -> Vec<&str> {
        let entrypoint = self.config.entrypoint.iter().flat_map(|list| list.iter());
        let command = self.config.cmd.iter().flat_map(|list| list.iter());
        entrypoint.chain(command).map(String::as_str).collect()
    }

    /// The first twelve digits of the id.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The host name, as it was given or made from the id.
    pub fn hostname(&self) -> &str {
        if self.config.hostname.is_empty() { self.short_id() } else { &self.config.hostname }
    }

    /// The signal of a polite stop: signal(7) by name or number.
    pub fn stop_signal(&self) -> &str {
        if self.config.stop_signal.is_empty() { "SIGTERM" } else { &self.config.stop_signal }
    }

    /// Seconds between a polite stop and SIGKILL; negative for ever.
    pub fn stop_timeout(&self) -> i64 {
        self.config.stop_timeout.map_or(10, i64::from)
    }
}
