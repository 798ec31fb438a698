//! `context create`.

use super::{DEFAULT, DEFAULT_DESCRIPTION, endpoint, load, store};
use crate::config::context::{Material, Meta};
use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::session::Session;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTEXT",
    about: endpoint::about!("Create a context", "create"),
    aliases: &[],
    args: Args::Exactly(1),
    flags: &[
        Flag::new("description", Kind::Str, "Description of the context"),
        endpoint::FLAG,
        Flag::new("from", Kind::Str, "create context from a named context"),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let (session, matches) = (&invocation.session, &invocation.matches);
    let name = &matches.positional[0];
    let store = store(session);
    store.check_new(name)?;
    let (mut meta, files) = content(session, matches, name)?;
    meta.describe(matches.str("description"));
    store.save(&meta)?;
    store.save_material(name, &files)?;
    out::line(name)?;
    eprintln!("Successfully created context {}", human::quote(name));
    Ok(())
}

/// What `--docker` says, else another context under a new name.
fn content(session: &Session, matches: &Matches, name: &str) -> Result<(Meta, Material), Exit> {
    if endpoint::is_given(matches) {
        if matches.some("from").is_some() {
            return Err(Exit::failure("cannot use --docker flag when --from is set"));
        }
        let mut meta = Meta { name: name.into(), ..Meta::default() };
        let files = endpoint::apply(session, matches, &mut meta)?;
        return Ok((meta, files));
    }
    let from = match matches.some("from") {
        Some(from) => from,
        None => session.context_name()?,
    };
    let (mut meta, files) = load(session, &from)?;
    if from == DEFAULT {
        meta.describe(DEFAULT_DESCRIPTION);
    }
    meta.name = name.into();
    Ok((meta, files))
}
