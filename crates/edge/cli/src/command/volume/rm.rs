//! `volume rm`.

use super::path;
use crate::command::container::summed;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] VOLUME [VOLUME...]",
    about: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
    aliases: &["volume rm", "volume remove"],
    args: Args::AtLeast(1),
    flags: &[Flag::new("force", Kind::Bool, "Force the removal of one or more volumes").short('f').since(1, 25)],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let query = Query::new().flag("force", invocation.matches.bool("force"));
    let client = invocation.session.client().await?;
    let mut failures = Vec::new();
    for name in &invocation.matches.positional {
        match remove(client, name, &query).await {
            Ok(()) => out::line(&visible::on_terminal(name, rustix::stdio::stdout()))?,
            Err(exit) => failures.push(exit.message),
        }
    }
    summed(failures)
}

async fn remove(client: &Client, name: &str, query: &Query) -> Result<(), Exit> {
    Ok(client.send_quietly(Request::delete(path(name)?).query(query.clone())).await?)
}
