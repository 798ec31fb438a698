//! `image prune`.

use crate::command::prune::{self, FORCE, Pruned};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::check;
use crate::tree::{Args, Command, Invocation};
use api::filters::Filters;
use api::image::ImageDeleteItem;
use api::prune::ImagesPruned;
use client::Client;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Remove unused images",
    aliases: &[],
    args: Args::None,
    flags: &[
        Flag::new("all", Kind::Bool, "Remove all unused images, not just dangling ones").short('a'),
        Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"until=<timestamp>\")"),
        FORCE,
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const ALL: &str = "WARNING! This will remove all images without at least one container associated to them.";
const DANGLING: &str = "WARNING! This will remove all dangling images.";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let filters = prune::filters(&invocation.session, matches);
    let all = matches.bool("all");
    if !matches.bool("force") && !prune::is_confirmed(if all { ALL } else { DANGLING })? {
        return Ok(());
    }
    let pruned = prune(invocation.session.client().await?, all, filters).await?;
    pruned.print()?;
    prune::print_total(pruned.bytes)
}

/// Removes those without a name, or all that no container uses.
pub async fn prune(client: &Client, all: bool, mut filters: Filters) -> Result<Pruned, Exit> {
    filters.add("dangling", if all { "false" } else { "true" });
    let answer: ImagesPruned = prune::prune(client, "images", &filters).await?;
    let lines = answer.images_deleted.unwrap_or_default().iter().map(line).collect();
    Ok(Pruned::list("Deleted Images", lines, answer.space_reclaimed))
}

fn line(item: &ImageDeleteItem) -> String {
    match item {
        ImageDeleteItem::Untagged(name) => format!("untagged: {name}"),
        ImageDeleteItem::Deleted(id) => format!("deleted: {id}"),
    }
}
