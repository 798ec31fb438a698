//! `network prune`.

use crate::command::prune::{self, FORCE, Pruned};
use crate::exit::Exit;
use crate::flag::Flag;
use crate::opts::check;
use crate::tree::{Args, Command, Invocation};
use api::filters::Filters;
use api::prune::NetworksPruned;
use client::Client;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Remove all unused networks",
    aliases: &[],
    args: Args::None,
    flags: &[Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"until=<timestamp>\")"), FORCE],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const WARNING: &str = "WARNING! This will remove all custom networks not used by at least one container.";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let filters = prune::filters(&invocation.session, matches);
    if !matches.bool("force") && !prune::is_confirmed(WARNING)? {
        return Ok(());
    }
    prune(invocation.session.client().await?, &filters).await?.print()
}

/// Removes all that no container is in.
pub async fn prune(client: &Client, filters: &Filters) -> Result<Pruned, Exit> {
    let answer: NetworksPruned = prune::prune(client, "networks", filters).await?;
    Ok(Pruned::list("Deleted Networks", answer.networks_deleted.unwrap_or_default(), 0))
}
