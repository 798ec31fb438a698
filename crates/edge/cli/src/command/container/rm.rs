//! `rm`.

use super::each::{path, summed};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use client::{Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Remove one or more containers",
    aliases: &["container rm", "container remove", "rm"],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("force", Kind::Bool, "Force the removal of a running container (uses SIGKILL)").short('f'),
        Flag::new("link", Kind::Bool, "Remove the specified link").short('l'),
        Flag::new("volumes", Kind::Bool, "Remove anonymous volumes associated with the container").short('v'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let force = matches.bool("force");
    let query = Query::new().flag("v", matches.bool("volumes")).flag("link", matches.bool("link")).flag("force", force);
    let client = invocation.session.client().await?;
    let mut failures = Vec::new();
    let (mut failed, names) = (false, &matches.positional);
    for name in names {
        let short = name.trim_matches('/');
        if short.is_empty() {
            failures.push("container name cannot be empty".into());
            continue;
        }
        match client.send_quietly(Request::delete(path(short, "")).query(query.clone())).await {
            Ok(()) => out::line(&visible::on_terminal(name, rustix::stdio::stdout()))?,
            // With --force a container that is not there is told, and is no failure.
            Err(error) if force && error.is_not_found() => failures.push(error.to_string()),
            Err(error) => {
                failed = true;
                failures.push(error.to_string());
            }
        }
    }
    if force && !failed && !failures.is_empty() {
        eprintln!("{}", visible::on_terminal(&failures.join("\n"), rustix::stdio::stderr()));
        return Ok(());
    }
    summed(failures)
}
