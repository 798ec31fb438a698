//! `context use`.

use super::{DEFAULT, store, warn_of_host};
use crate::exit::Exit;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTEXT",
    about: "Set the current docker context",
    aliases: &[],
    args: Args::AtLeast(0),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let session = &invocation.session;
    // Docker's words for this command are not those of the others.
    let [name] = &invocation.matches.positional[..] else {
        let count = invocation.matches.positional.len();
        return Err(Exit::failure(format!("accepts 1 arg(s), received {count}")));
    };
    if name != DEFAULT {
        store(session).load(name)?;
    }
    let wanted = if name == DEFAULT { "" } else { name };
    if session.config().current_context != wanted {
        session.config().save_current_context(wanted).map_err(Exit::failure)?;
    }
    out::line(name)?;
    eprintln!("Current context is now {}", human::quote(name));
    if name != DEFAULT {
        warn_of_host(&human::quote(name));
    }
    Ok(())
}
