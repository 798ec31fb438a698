//! `volume inspect`.

use super::path;
use crate::command::system::inspect::show_with;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::text;
use crate::tree::{Args, Command, Invocation};
use bytes::Bytes;
use client::{Client, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] VOLUME [VOLUME...]",
    about: "Display detailed information on one or more volumes",
    aliases: &[],
    args: Args::AtLeast(1),
    flags: &[Flag::new("format", Kind::Str, text::FORMAT).short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let client = invocation.session.client().await?;
    let mut found = Vec::new();
    for name in &invocation.matches.positional {
        found.push(fetch(client, name).await.map_err(|exit| exit.message));
    }
    show_with(invocation.matches.str("format"), found)
}

async fn fetch(client: &Client, name: &str) -> Result<Bytes, Exit> {
    Ok(client.send(Request::get(path(name)?)).await?.bytes().await?)
}
