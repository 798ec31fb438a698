//! Prepares a further process in a running container.

use std::sync::Arc;

use container::lifecycle::{self, Verb};
use fault::{Fault, Result};

use crate::container::{account, blocking};
use crate::inner::Inner;
use crate::request::ExecCreate;

/// Prepares it; replies its id.
pub async fn create(engine: &Arc<Inner>, request: ExecCreate) -> Result<String> {
    let view = engine.containers.find(&request.target)?.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Exec)?;
    let body = request.body;
    if body.cmd.is_empty() {
        return Err(Fault::invalid("No exec command specified"));
    }
    let texts = body.cmd.iter().chain(body.env.iter().flatten()).chain([&body.user, &body.working_dir]);
    if let Some(text) = texts.into_iter().find(|text| text.contains('\0')) {
        return Err(Fault::invalid(format!("invalid string {text:?}: it contains NUL")));
    }
    if !body.user.is_empty() {
        let (pid, user) = (record.state.pid, body.user.clone());
        let extra = record.host_config.group_add.clone().unwrap_or_default();
        blocking(move || account::find_user(pid, &user, &extra)).await?;
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| Fault::system(format!("make an id: {error}")))?;
    let id = hex::encode(random);
    let command = super::words(&body.cmd);
    engine.execs.insert(id.clone(), record.id.to_string(), body);
    let mut attributes = view.stored.attributes();
    attributes.insert("execID".into(), id.clone());
    engine.events.emit("container", &format!("exec_create: {command}"), record.id.as_str(), attributes);
    Ok(id)
}
