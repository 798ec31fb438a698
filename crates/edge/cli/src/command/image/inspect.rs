//! `image inspect`.

use crate::command::system::inspect::{Found, show};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::text;
use crate::tree::{Args, Command, Invocation};
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    about: "Display detailed information on one or more images",
    aliases: &[],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT).short('f'),
        Flag::new(
            "platform",
            Kind::Str,
            "Inspect a specific platform of the multi-platform image.\n\
             If the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n\
             'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
        )
        .since(1, 49),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let platform = matches.some("platform").map(|platform| super::platform_json(&platform)).transpose()?;
    let client = invocation.session.client().await?;
    let mut found = Vec::new();
    for name in &matches.positional {
        found.push(fetch(client, name, platform.as_deref()).await);
    }
    show(matches.str("format"), found)
}

/// An image's description as the daemon wrote it.
pub async fn fetch(client: &Client, name: &str, platform: Option<&str>) -> Found {
    let path = format!("/images/{}/json", Query::segment(name));
    client.send(Request::get(path).query(Query::new().some("platform", platform))).await?.bytes().await
}
