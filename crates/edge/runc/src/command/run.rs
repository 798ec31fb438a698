//! `run`: makes a container, starts it, and, unless told to go, stays till it ends and takes it away.

use std::os::fd::AsFd as _;

use runtime::Moment;

use super::{Command, ONE};
use crate::command::delete;
use crate::container::Container;
use crate::error::Error;
use crate::flag::switch;
use crate::foreground;
use crate::global::Global;
use crate::launch::{BUNDLE, CONSOLE_SOCKET, NO_NEW_KEYRING, NO_PIVOT, PID_FILE, PRESERVE_FDS, Stay, Waiting, launch};
use crate::parse::Parsed;

pub const COMMAND: Command = Command {
    name: "run",
    about: "make a container from a bundle and start it",
    usage: "[command options] <container-id>",
    flags: &[
        BUNDLE,
        CONSOLE_SOCKET,
        switch("detach", "end when the program runs").or("d"),
        switch("keep", "keep the container when its program has ended"),
        PID_FILE,
        switch("no-subreaper", "adopt no orphans of the container"),
        NO_PIVOT,
        NO_NEW_KEYRING,
        PRESERVE_FDS,
    ],
    enters: true,
    run,
    ..ONE
};

fn run(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let detach = parsed.switch("detach");
    let stay = if detach { Stay::UntilStart } else { Stay::ToTheEnd };
    let failed = |error: Error| error.during("runc run failed");
    if !detach && !parsed.switch("no-subreaper") {
        // Orphans of a container without a PID namespace of its own.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
    let signals = (!detach).then(foreground::signals).transpose()?;
    let Waiting { folder, record, spec, created, master } = launch(global, parsed, stay).map_err(failed)?;
    let started = match created.start() {
        Ok(container) => container,
        Err(error) => {
            folder.remove()?;
            return Err(failed(Error::from(error).during("unable to start container process")));
        }
    };
    let container = Container::of(global, record);
    let told = runtime::run_hooks(Moment::Poststart, &spec, &container.state(oci::state::Status::Running));
    if let Err(error) = told {
        global.log.warn(error.message());
    }
    let Some(signals) = signals else { return Ok(0) };
    // Others may look at it and change it meanwhile.
    drop(folder);
    let code = foreground::stay(&signals, started.pid(), started.pidfd().as_fd(), master)?;
    if !parsed.switch("keep") {
        delete::take_away(global, &container, Some(&spec))?;
    }
    Ok(code)
}
