//! `rename`.

use super::each::{check, path};
use crate::exit::Exit;
use crate::tree::{Args, Command, Invocation};
use client::{Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTAINER NEW_NAME",
    about: "Rename a container",
    aliases: &["container rename", "rename"],
    args: Args::Exactly(2),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let names = invocation.matches.positional.iter().map(|name| name.trim());
    let [old, new] = names.collect::<Vec<_>>()[..] else { return Err(Exit::failure("two names are needed")) };
    if old.is_empty() || new.is_empty() {
        return Err(Exit::failure("Error: Neither old nor new names may be empty"));
    }
    check(old)?;
    let client = invocation.session.client().await?;
    let request = Request::post(path(old, "/rename")).query(Query::new().set("name", new));
    let failed = |error| Exit::failure(format!("{error}\nError: failed to rename container named {old}"));
    client.send_quietly(request).await.map_err(failed)
}
