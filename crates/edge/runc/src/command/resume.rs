//! `resume`: lets the processes of a paused container go on.

use oci::state::Status;

use super::{Command, ONE};
use crate::container::Container;
use crate::error::Error;
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command =
    Command { name: "resume", about: "let the processes of a paused container go on", run: resume, ..ONE };

fn resume(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    match container.status() {
        Status::Paused => container.cgroup().thaw()?,
        _ => return Err(Error::new("container not paused")),
    }
    Ok(0)
}
