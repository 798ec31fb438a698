//! `network inspect`.

use super::path;
use crate::command::system::inspect::show_with;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::text;
use crate::tree::{Args, Command, Invocation};
use bytes::Bytes;
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] NETWORK [NETWORK...]",
    about: "Display detailed information on one or more networks",
    aliases: &[],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT).short('f'),
        Flag::new("verbose", Kind::Bool, "Verbose output for diagnostics").short('v'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let query = match matches.bool("verbose") {
        true => Query::new().set("verbose", "true"),
        false => Query::new(),
    };
    let client = invocation.session.client().await?;
    let mut found = Vec::new();
    for name in &matches.positional {
        found.push(fetch(client, name, &query).await.map_err(|exit| exit.message));
    }
    show_with(matches.str("format"), found)
}

async fn fetch(client: &Client, name: &str, query: &Query) -> Result<Bytes, Exit> {
    Ok(client.send(Request::get(path(name, "")?).query(query.clone())).await?.bytes().await?)
}
