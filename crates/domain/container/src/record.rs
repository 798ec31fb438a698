//! What is stored of a container.

use api::container::{ContainerConfig, HostConfig};
use names::{ContainerId, Digest};
use serde::{Deserialize, Serialize};

use crate::state::State;

/// One container. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: ContainerId,
    /// Without a slash.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
    /// The image's id.
    pub image_id: Digest,
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

    /// The host name, as it was given or made from the id.
    pub fn hostname(&self) -> &str {
        if self.config.hostname.is_empty() { self.id.short() } else { &self.config.hostname }
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
