//! `context rm`.

use super::{DEFAULT, store};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::session::Session;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTEXT [CONTEXT...]",
    about: "Remove one or more contexts",
    aliases: &["context rm", "context remove"],
    args: Args::AtLeast(1),
    flags: &[Flag::new("force", Kind::Bool, "Force the removal of a context in use").short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let (session, matches) = (&invocation.session, &invocation.matches);
    let current = session.context_name()?;
    let mut failures = Vec::new();
    for name in &matches.positional {
        match remove(session, name, *name == current, matches.bool("force")) {
            Ok(()) => out::line(name)?,
            Err(exit) => failures.push(exit.message),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Exit::failure(failures.join("\n"))) }
}

fn remove(session: &Session, name: &str, current: bool, force: bool) -> Result<(), Exit> {
    let (store, quoted) = (store(session), human::quote(name));
    if name == DEFAULT {
        return Err(Exit::failure("context \"default\" cannot be removed"));
    }
    if current && !force {
        return Err(Exit::failure(format!("context {quoted} is in use, set -f flag to force remove")));
    }
    if !force && !store.exists(name) {
        return Err(Exit::failure(format!("context {quoted} does not exist")));
    }
    if current {
        session.config().save_current_context("").map_err(Exit::failure)?;
    }
    Ok(store.remove(name)?)
}
