//! `container prune`.

use crate::command::prune::{self, FORCE, Pruned};
use crate::exit::Exit;
use crate::flag::Flag;
use crate::opts::check;
use crate::tree::{Args, Command, Invocation};
use api::filters::Filters;
use api::prune::ContainersPruned;
use client::Client;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Remove all stopped containers",
    aliases: &[],
    args: Args::None,
    flags: &[Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"until=<timestamp>\")"), FORCE],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const WARNING: &str = "WARNING! This will remove all stopped containers.";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let filters = prune::filters(&invocation.session, matches);
    if !matches.bool("force") && !prune::is_confirmed(WARNING)? {
        return Ok(());
    }
    let pruned = prune(invocation.session.client().await?, &filters).await?;
    pruned.print()?;
    prune::print_total(pruned.bytes)
}

/// Removes all that do not run.
pub async fn prune(client: &Client, filters: &Filters) -> Result<Pruned, Exit> {
    let answer: ContainersPruned = prune::prune(client, "containers", filters).await?;
    Ok(Pruned::list("Deleted Containers", answer.containers_deleted.unwrap_or_default(), answer.space_reclaimed))
}
