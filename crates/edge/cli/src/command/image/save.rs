//! `save`.

use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::file::Output;
use crate::tree::{Args, Command, Invocation};
use client::{Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    about: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    aliases: &["image save", "save"],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("output", Kind::Str, "Write to a file, instead of STDOUT").short('o'),
        Flag::new(
            "platform",
            Kind::Str,
            "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")",
        )
        .since(1, 48),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let output = Output::choose(matches.some("output"), "failed to save image")?;
    let mut query = Query::new();
    for name in &matches.positional {
        query = query.set("names", name);
    }
    if let Some(platform) = matches.some("platform") {
        query = query.set("platform", super::platform_json(&platform)?);
    }
    let client = invocation.session.client().await?;
    let reader = client.send(Request::get("/images/get").query(query)).await?.reader();
    output.fill(reader).await
}
