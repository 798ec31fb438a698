//! `container inspect`.

use super::each::path;
use crate::command::system::inspect::{Found, show};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::text;
use crate::tree::{Args, Command, Invocation};
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Display detailed information on one or more containers",
    aliases: &[],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT).short('f'),
        Flag::new("size", Kind::Bool, "Display total file sizes").short('s'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let client = invocation.session.client().await?;
    let size = invocation.matches.bool("size");
    let mut found = Vec::new();
    for name in &invocation.matches.positional {
        found.push(fetch(client, name, size).await);
    }
    show(invocation.matches.str("format"), found)
}

/// A container's description as the daemon wrote it.
pub async fn fetch(client: &Client, name: &str, size: bool) -> Found {
    let request = Request::get(path(name, "/json")).query(Query::new().flag("size", size));
    client.send(request).await?.bytes().await
}
