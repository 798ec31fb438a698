//! `context update`.

use super::{DEFAULT, endpoint, store};
use crate::config::context::ContextError;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTEXT",
    about: endpoint::about!("Update a context", "update"),
    aliases: &[],
    args: Args::Exactly(1),
    flags: &[Flag::new("description", Kind::Str, "Description of the context"), endpoint::FLAG],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let (session, matches) = (&invocation.session, &invocation.matches);
    let name = &matches.positional[0];
    if name == DEFAULT {
        return Err(ContextError::Reserved.into());
    }
    let store = store(session);
    let mut meta = store.load(name)?;
    meta.describe(matches.str("description"));
    let files = match endpoint::is_given(matches) {
        true => Some(endpoint::apply(session, matches, &mut meta)?),
        false => None,
    };
    store.save(&meta)?;
    if let Some(files) = files {
        store.save_material(name, &files)?;
    }
    out::line(name)?;
    eprintln!("Successfully updated context {}", human::quote(name));
    Ok(())
}
