//! Gives a container another name.

use std::sync::Arc;

use container::lifecycle::Verb;
use fault::{Fault, Result};
use names::ContainerName;

use super::actor::{Actor, Message};
use crate::inner::Inner;
use crate::request::ContainerRename;

/// Renames a container.
pub async fn rename(engine: &Arc<Inner>, request: ContainerRename) -> Result<()> {
    if request.name.is_empty() {
        return Err(Fault::invalid("Neither old nor new names may be empty"));
    }
    let handle = engine.containers.find(&request.target)?;
    handle.ask(|reply| Message::Rename { name: request.name, reply }).await
}

/// The original's words, in which a name has its slash here, and is shown without what steers a terminal.
fn refusal(bare: &str) -> Fault {
    let shown = bare.escape_debug();
    Fault::invalid(format!("Invalid container name (/{shown}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"))
}

impl Actor {
    pub(super) async fn rename(&mut self, wanted: &str) -> Result<()> {
        self.admit(Verb::Rename)?;
        let bare = wanted.strip_prefix('/').unwrap_or(wanted);
        if bare == self.stored.record.name {
            return Err(Fault::invalid("Renaming a container with the same name as its current name"));
        }
        let at = |fault: Fault| fault.at("Error when allocating new name");
        let name: ContainerName = bare.parse().map_err(|_| at(refusal(bare)))?;
        let containers = &self.engine.containers;
        containers.reserve(name.as_str(), self.stored.record.id.as_str()).map_err(at)?;
        let old = std::mem::replace(&mut self.stored.record.name, name.as_str().to_owned());
        if let Err(fault) = self.engine.keep_now(&self.stored).await {
            self.stored.record.name = old;
            containers.release(name.as_str());
            return Err(fault);
        }
        // Readers find it by the new name before the old one is anybody else's.
        self.publish();
        self.engine.containers.release(&old);
        self.emit("rename", &[("oldName", format!("/{old}"))]);
        Ok(())
    }
}
