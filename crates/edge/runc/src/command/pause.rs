//! `pause`: stops all processes of a container.

use oci::state::Status;

use super::{Command, ONE};
use crate::container::Container;
use crate::error::Error;
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command = Command { name: "pause", about: "stop all processes of a container", run: pause, ..ONE };

fn pause(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    match container.status() {
        Status::Running | Status::Created => container.cgroup().freeze()?,
        _ => return Err(Error::new("container not running")),
    }
    Ok(0)
}
