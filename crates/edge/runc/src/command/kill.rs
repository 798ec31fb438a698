//! `kill`: sends a signal to a container.

use oci::state::Status;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::AsFd as _;

use super::{Command, ONE};
use crate::container::Container;
use crate::error::Error;
use crate::flag::switch;
use crate::global::Global;
use crate::parse::Parsed;
use crate::signal;

pub const COMMAND: Command = Command {
    name: "kill",
    about: "send a signal, SIGTERM if none is named, to a container's first process",
    usage: "[command options] <container-id> [signal]",
    flags: &[switch("all", "send it to all processes of the container").or("a")],
    arguments: (1, 2),
    run: kill,
    ..ONE
};

fn kill(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    let signal = signal::parse(parsed.positional.get(1).map_or("SIGTERM", String::as_str))?;
    if parsed.switch("all") {
        return to_all(&container, signal);
    }
    if container.status() == Status::Stopped {
        return Err(Error::new("container not running"));
    }
    container.signal(signal)?;
    Ok(0)
}

fn to_all(container: &Container, signal: i32) -> Result<u8, Error> {
    for pid in container.pids()? {
        // Whatever has ended meanwhile needs no signal.
        let process = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        if let Some(process) = process {
            let _ = sys::signal::send(process.as_fd(), signal);
        }
    }
    Ok(0)
}
