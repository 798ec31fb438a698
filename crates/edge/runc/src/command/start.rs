//! `start`: lets a container that waits execute its program.

use std::os::fd::AsFd as _;

use oci::state::Status;
use runtime::{Listener, Moment};

use super::{Command, ONE};
use crate::container::Container;
use crate::error::Error;
use crate::global::Global;
use crate::parse::Parsed;
use crate::store;

pub const COMMAND: Command =
    Command { name: "start", about: "execute the program of a container that `create` has made", run: start, ..ONE };

fn start(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    let _folder = store::open(&global.root, parsed.id())?;
    match container.status() {
        Status::Created => {}
        Status::Running => return Err(Error::new("cannot start an already running container")),
        Status::Stopped => return Err(Error::new("cannot start a container that has stopped")),
        other => return Err(Error::new(format!("cannot start a container in the {} state", other.word()))),
    }
    let spec = store::spec(&global.root, parsed.id())?;
    let init = container.alive()?;
    let listener = Listener::of(&spec, parsed.id(), &container.record.gantry.bundle, Status::Created);
    let pid = container.record.init_process_pid;
    runtime::open_gate(container.folder(), (pid, init.as_fd()), listener.as_ref()).map_err(|error| match error {
        None => Error::new("cannot start an already running container"),
        Some(error) => Error::from(error).during("unable to start container process"),
    })?;
    let told = runtime::run_hooks(Moment::Poststart, &spec, &container.state(Status::Running));
    if let Err(error) = told {
        // The specification: a failure is logged, and the life goes on.
        global.log.warn(error.message());
    }
    Ok(0)
}
