//! `export`.

use super::each::{check, path};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::file::Output;
use crate::tree::{Args, Command, Invocation};
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER",
    about: "Export a container's filesystem as a tar archive",
    aliases: &["container export", "export"],
    args: Args::Exactly(1),
    flags: &[Flag::new("output", Kind::Str, "Write to a file, instead of STDOUT").short('o')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let output = Output::choose(invocation.matches.some("output"), "failed to export container")?;
    let name = &invocation.matches.positional[0];
    check(name)?;
    let client = invocation.session.client().await?;
    output.fill(client.send(Request::get(path(name, "/export"))).await?.reader()).await
}
