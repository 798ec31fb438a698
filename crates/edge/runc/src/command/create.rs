//! `create`: makes a container that waits to be started.

use super::{Command, ONE};
use crate::error::Error;
use crate::global::Global;
use crate::launch::{BUNDLE, CONSOLE_SOCKET, NO_NEW_KEYRING, NO_PIVOT, PID_FILE, PRESERVE_FDS, Stay, launch};
use crate::parse::Parsed;

pub const COMMAND: Command = Command {
    name: "create",
    about: "make a container from a bundle; its program waits for `start`",
    usage: "[command options] <container-id>",
    flags: &[BUNDLE, CONSOLE_SOCKET, PID_FILE, NO_PIVOT, NO_NEW_KEYRING, PRESERVE_FDS],
    enters: true,
    run: create,
    ..ONE
};

fn create(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let failed = |error: Error| error.during("runc create failed");
    let waiting = launch(global, parsed, Stay::No).map_err(failed)?;
    if let Err(error) = waiting.created.leave() {
        waiting.folder.remove()?;
        return Err(failed(error.into()));
    }
    Ok(0)
}
