//! `delete`: takes a container away that has ended, or that never started.

use std::os::fd::AsFd as _;

use oci::runtime::Spec;
use oci::state::Status;
use runtime::Moment;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Command, ONE};
use crate::container::Container;
use crate::error::Error;
use crate::flag::switch;
use crate::global::Global;
use crate::parse::Parsed;
use crate::store;

/// Seconds that a killed process may take to die.
const DEATH: i64 = 10;

/// SIGKILL.
const KILL: i32 = sys::signalfd::number::KILL;

pub const COMMAND: Command = Command {
    name: "delete",
    about: "take away what there is of a container",
    usage: "[command options] <container-id>",
    flags: &[switch("force", "kill it first where it runs").or("f")],
    run: delete,
    ..ONE
};

fn delete(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let (id, force) = (parsed.id(), parsed.switch("force"));
    let record = match store::read(&global.root, id) {
        Ok(record) => record,
        Err(error) if force && error.to_string() == "container does not exist" => return Ok(0),
        Err(error) => return Err(error),
    };
    let Some(record) = record else {
        // A making that was killed before it had a record has nothing but its folder.
        return match force {
            true => store::open(&global.root, id)?.remove().map(|()| 0),
            false => Err(Error::new("container does not exist")),
        };
    };
    let container = Container::of(global, record);
    match container.status() {
        Status::Stopped => {}
        Status::Created => end(&container)?,
        _ if force => end(&container)?,
        status => {
            return Err(Error::new(format!("cannot delete container {id} that is not stopped: {}", status.word())));
        }
    }
    take_away(global, &container, None)?;
    Ok(0)
}

/// Kills PID 1, and waits until it is dead.
fn end(container: &Container) -> Result<(), Error> {
    let Some(init) = container.init() else { return Ok(()) };
    let _ = sys::signal::send(init.as_fd(), KILL);
    if container.cgroup().is_frozen() {
        container.cgroup().thaw()?;
    }
    if container.record.gantry.restoring {
        // criu holds its processes, which end with it.
        container.cgroup().kill_all()?;
    }
    let time = Timespec { tv_sec: DEATH, tv_nsec: 0 };
    match poll(&mut [PollFd::new(&init, PollFlags::IN)], Some(&time)) {
        Ok(0) => Err(Error::new(format!("container init {} does not die", container.record.init_process_pid))),
        _ => Ok(()),
    }
}

/// Takes away what there is of a container that has ended. `spec` where the caller has it.
pub fn take_away(global: &Global, container: &Container, spec: Option<&Spec>) -> Result<(), Error> {
    let id = &container.record.id;
    let folder = store::open(&global.root, id)?;
    if container.record.init_process_pid == 0 && !container.record.gantry.restoring {
        // A making that was killed: whatever is in the groups is not known to be ours, and what was ours has ended.
        container.cgroup().remove()?;
    } else {
        // What has left PID 1's namespace, or never had one of its own, is killed.
        container.cgroup().destroy()?;
    }
    let kept = spec.is_none().then(|| store::spec(&global.root, id).ok()).flatten();
    let state = container.state(Status::Stopped);
    let told = spec.or(kept.as_ref()).map_or(Ok(()), |spec| runtime::run_hooks(Moment::Poststop, spec, &state));
    if let Err(error) = told {
        // The specification: a failure is logged, and the rest is done.
        global.log.warn(error.message());
    }
    folder.remove()
}
