//! What is stored of a container, and what is published of it.

use std::collections::BTreeMap;

use container::record::Record;
use container::state::State;
use serde::{Deserialize, Serialize};

/// A container's record with what the other nouns know of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    /// The container itself.
    pub record: Record,
    /// Its place in the network, while it has one.
    pub endpoint: Option<network::Endpoint>,
    /// The networks that were asked for, as the request had them.
    #[serde(default)]
    pub networking: api::network::NetworkingConfig,
}

impl Stored {
    /// The state.
    pub fn state(&self) -> &State {
        &self.record.state
    }

    /// The attributes of its events: image, name, and its labels.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut all = self.record.config.labels.clone().unwrap_or_default();
        all.insert("image".into(), self.record.config.image.clone());
        all.insert("name".into(), self.record.name.clone());
        all
    }
}

/// What readers see of a container: one instant, never half a change.
#[derive(Clone, Debug)]
pub struct View {
    /// All that is stored.
    pub stored: Stored,
    /// How many runs have ended since the daemon started: who waits for the next end compares it.
    pub ends: u64,
    /// Whether it was removed.
    pub gone: bool,
}
