//! Stops all processes of a container where they are, and lets them go on.

use std::sync::Arc;

use cgroup::Cgroup;
use container::lifecycle::Verb;
use container::state::Phase;
use fault::Result;

use super::actor::{Actor, Message};
use super::groups;
use super::start::blocking;
use crate::inner::Inner;

/// Freezes a container.
pub async fn pause(engine: &Arc<Inner>, target: &str) -> Result<()> {
    engine.containers.find(target)?.ask(Message::Pause).await
}

/// Lets a frozen container go on.
pub async fn unpause(engine: &Arc<Inner>, target: &str) -> Result<()> {
    engine.containers.find(target)?.ask(Message::Unpause).await
}

impl Actor {
    pub(super) async fn pause(&mut self) -> Result<()> {
        self.admit(Verb::Pause)?;
        let id = self.stored.record.id.clone();
        self.turn(Cgroup::freeze).await.map_err(|fault| fault.at(format_args!("Cannot pause container {id}")))?;
        self.stored.record.state.phase = Phase::Paused;
        self.end_probes();
        self.engine.keep(&self.stored);
        self.publish();
        self.emit("pause", &[]);
        Ok(())
    }

    pub(super) async fn unpause(&mut self) -> Result<()> {
        self.admit(Verb::Unpause)?;
        let id = self.stored.record.id.clone();
        self.turn(Cgroup::thaw).await.map_err(|fault| fault.at(format_args!("Cannot unpause container {id}")))?;
        self.stored.record.state.phase = Phase::Running;
        self.begin_probes(false);
        self.engine.keep(&self.stored);
        self.publish();
        self.emit("unpause", &[]);
        Ok(())
    }

    async fn turn(&self, how: fn(&Cgroup) -> Result<(), cgroup::Error>) -> Result<()> {
        let (engine, id) = (Arc::clone(&self.engine), self.stored.record.id.clone());
        blocking(move || how(&groups::cgroup(&engine, &id)?).map_err(|error| groups::fault(&error))).await
    }
}
