//! Changes limits and the restart policy of a container, whether it runs or not.

use std::sync::Arc;

use api::container::{HostConfig, UpdateResponse};
use container::lifecycle::Verb;
use container::{spec, update};
use fault::{Fault, Result};

use super::actor::{Actor, Message};
use super::start::blocking;
use super::{groups, limits};
use crate::inner::Inner;
use crate::request::ContainerUpdate;

/// Changes a container; a part of the changes is never made.
pub async fn update(engine: &Arc<Inner>, request: ContainerUpdate) -> Result<UpdateResponse> {
    let mut change = request.change;
    let warnings = limits::adapt_change(&mut change)?;
    // Refused before the container is looked for, as in the original.
    spec::check_change(&change)?;
    let handle = engine.containers.find(&request.target)?;
    handle.ask(|reply| Message::Update { change: Box::new(change), reply }).await?;
    Ok(UpdateResponse { warnings: Some(warnings).filter(|warnings| !warnings.is_empty()) })
}

impl Actor {
    pub(super) async fn update(&mut self, change: &HostConfig) -> Result<()> {
        let id = self.stored.record.id.clone();
        let at = |fault: Fault| fault.at(format_args!("Cannot update container {id}"));
        self.admit(Verb::Update).map_err(at)?;
        let new = update::apply(&self.stored.record.host_config, change).map_err(at)?;
        let old = std::mem::replace(&mut self.stored.record.host_config, new);
        if let Err(fault) = self.update_now(&old).await {
            self.stored.record.host_config = old;
            return Err(at(fault));
        }
        self.publish();
        self.emit("update", &[]);
        Ok(())
    }

    /// The run first, which may refuse, then the record; what was changed is changed back where either fails.
    async fn update_now(&self, old: &HostConfig) -> Result<()> {
        let runs = self.stored.state().phase.is_alive();
        let new = &self.stored.record.host_config;
        let same = spec::limits(new) == spec::limits(old);
        if runs
            && !same
            && let Err(fault) = self.set_limits(new).await
        {
            let _ = self.set_limits(old).await;
            return Err(fault);
        }
        let kept = self.engine.keep_now(&self.stored).await;
        if kept.is_err() && runs && !same {
            let _ = self.set_limits(old).await;
        }
        kept
    }

    async fn set_limits(&self, host: &HostConfig) -> Result<()> {
        let (engine, id, limits) = (Arc::clone(&self.engine), self.stored.record.id.clone(), spec::limits(host));
        blocking(move || groups::cgroup(&engine, &id)?.update(&limits).map_err(|error| groups::fault(&error))).await
    }
}
