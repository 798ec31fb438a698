//! `volume prune`.

use crate::command::prune::{self, FORCE, Pruned};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::check;
use crate::tree::{Args, Command, Invocation};
use api::filters::Filters;
use api::prune::VolumesPruned;
use client::{ApiVersion, Client};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Remove unused local volumes",
    aliases: &[],
    args: Args::None,
    flags: &[
        Flag::new("all", Kind::Bool, "Remove all unused volumes, not just anonymous ones").short('a').since(1, 42),
        Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"label=<label>\")"),
        FORCE,
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const ALL: &str = "WARNING! This will remove all local volumes not used by at least one container.";
const ANONYMOUS: &str = "WARNING! This will remove anonymous local volumes not used by at least one container.";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let mut filters = prune::filters(&invocation.session, matches);
    let client = invocation.session.client().await?;
    // Older daemons know no difference: they remove those with names, too.
    let knows_all = client.version() >= ApiVersion { major: 1, minor: 42 };
    if matches.bool("all") && knows_all {
        if !filters.get("all").is_empty() {
            return Err(Exit::failure("conflicting options: cannot specify both --all and --filter all=1"));
        }
        filters.add("all", "true");
    }
    let warning = if matches.bool("all") || !knows_all { ALL } else { ANONYMOUS };
    if !matches.bool("force") && !prune::is_confirmed(warning)? {
        return Ok(());
    }
    let pruned = prune(client, &filters).await?;
    pruned.print()?;
    prune::print_total(pruned.bytes)
}

/// Removes all that no container uses and that have no name of their own, unless the filters say otherwise.
pub async fn prune(client: &Client, filters: &Filters) -> Result<Pruned, Exit> {
    let answer: VolumesPruned = prune::prune(client, "volumes", filters).await?;
    Ok(Pruned::list("Deleted Volumes", answer.volumes_deleted, answer.space_reclaimed))
}
