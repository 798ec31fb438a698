//! `system prune`.

use crate::command::prune::{self, FORCE, Pruned};
use crate::command::{container, image, network, volume};
use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::format::natural;
use crate::opts::check;
use crate::tree::{Args, Command, Invocation};
use api::filters::Filters;
use api::prune::BuildCachePruned;
use client::{ApiVersion, Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Remove unused data",
    aliases: &[],
    args: Args::None,
    flags: FLAGS,
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const FLAGS: &[Flag] = &[
    Flag::new("all", Kind::Bool, "Remove all unused images not just dangling ones").short('a'),
    Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"label=<key>=<value>\")").since(1, 28),
    FORCE,
    Flag::new("volumes", Kind::Bool, "Prune anonymous volumes"),
];

/// What is to be pruned.
#[derive(Clone, Copy)]
struct Scope {
    all: bool,
    volumes: bool,
    /// Daemons before 1.31 have none.
    builds: bool,
}

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches: &Matches = &invocation.matches;
    let filters = prune::filters(&invocation.session, matches);
    if matches.bool("volumes") && !filters.get("until").is_empty() {
        return Err(Exit::failure("ERROR: The \"until\" filter is not supported with \"--volumes\""));
    }
    let client = invocation.session.client().await?;
    let builds = client.version() >= ApiVersion { major: 1, minor: 31 };
    let scope = Scope { all: matches.bool("all"), volumes: matches.bool("volumes"), builds };
    if !matches.bool("force") && !prune::is_confirmed(&warning(scope, &filters))? {
        return Ok(());
    }
    let mut bytes = report(container::prune::prune(client, &filters).await?)?;
    bytes += report(network::prune::prune(client, &filters).await?)?;
    if scope.volumes {
        bytes += report(volume::prune::prune(client, &filters).await?)?;
    }
    bytes += report(image::prune::prune(client, scope.all, filters.clone()).await?)?;
    if scope.builds {
        bytes += report(prune_builds(client, scope.all, &filters).await?)?;
    }
    prune::print_total(bytes)
}

fn report(pruned: Pruned) -> Result<u64, Exit> {
    pruned.print().map(|()| pruned.bytes)
}

async fn prune_builds(client: &Client, all: bool, filters: &Filters) -> Result<Pruned, Exit> {
    let query = Query::new().flag("all", all).set("filters", filters.to_query().unwrap_or_default());
    let answer: BuildCachePruned = client.send(Request::post("/build/prune").query(query)).await?.json().await?;
    let lines = answer.caches_deleted.unwrap_or_default();
    Ok(Pruned::list("Deleted build cache objects", lines, answer.space_reclaimed))
}

/// What stands above the question.
fn warning(scope: Scope, filters: &Filters) -> String {
    let mut lines = vec!["all stopped containers", "all networks not used by at least one container"];
    if scope.volumes {
        lines.push("all anonymous volumes not used by at least one container");
    }
    lines.push(match scope.all {
        true => "all images without at least one container associated to them",
        false => "all dangling images",
    });
    if scope.builds {
        lines.push(if scope.all { "all build cache" } else { "unused build cache" });
    }
    let list = |lines: &[String]| lines.iter().map(|line| format!("  - {line}\n")).collect::<String>();
    let lines: Vec<String> = lines.into_iter().map(String::from).collect();
    let mut given: Vec<String> =
        filters.names().flat_map(|name| filters.get(name).iter().map(move |value| format!("{name}={value}"))).collect();
    given.sort_by(|a, b| natural::compare(a, b));
    let note = match given.is_empty() {
        true => String::new(),
        false => format!("\n  Items to be pruned will be filtered with:\n{}", list(&given)),
    };
    format!("WARNING! This will remove:\n{}{note}", list(&lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_is_dockers() {
        let scope = Scope { all: false, volumes: false, builds: true };
        let mut filters = Filters::default();
        let plain = "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n  - all dangling images\n  - unused build cache\n";
        assert_eq!(warning(scope, &filters), plain);
        filters.add("until", "1h");
        filters.add("label", "x");
        let note = "\n  Items to be pruned will be filtered with:\n  - label=x\n  - until=1h\n";
        assert_eq!(warning(scope, &filters), format!("{plain}{note}"));
        let all = warning(Scope { all: true, volumes: true, builds: true }, &Filters::default());
        assert_eq!(
            all,
            "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n  - all anonymous volumes not used by at least one container\n  - all images without at least one container associated to them\n  - all build cache\n"
        );
    }
}
