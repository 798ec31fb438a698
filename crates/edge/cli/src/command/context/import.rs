//! `context import`.

use super::store;
use crate::config::context::import as read;
use crate::exit::{Exit, go_error};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use std::path::Path;

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTEXT FILE|-",
    about: "Import a context from a tar or zip file",
    aliases: &[],
    args: Args::Exactly(2),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let [name, source] = &invocation.matches.positional[..] else { return Ok(()) };
    let store = store(&invocation.session);
    store.check_new(name)?;
    let (mut meta, files) = match source.as_str() {
        "-" => read(std::io::stdin().lock())?,
        path => {
            let path = Path::new(path);
            read(std::fs::File::open(path).map_err(|error| Exit::failure(go_error("open", path, &error)))?)?
        }
    };
    meta.name = name.clone();
    store.save(&meta)?;
    store.save_material(name, &files)?;
    out::line(name)?;
    eprintln!("Successfully imported context {}", human::quote(name));
    Ok(())
}
