//! `load`.

use super::show_stream;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::out::Stream;
use crate::stream::{input, terminal};
use crate::tree::{Args, Command, Invocation};
use client::{Query, Request};
use std::fs::File;
use std::path::Path;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Load an image from a tar archive or STDIN",
    aliases: &["image load", "load"],
    args: Args::None,
    flags: &[
        Flag::new("input", Kind::Str, "Read from tar archive file, instead of STDIN").short('i'),
        Flag::new(
            "platform",
            Kind::Str,
            "Load only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")",
        )
        .since(1, 48),
        Flag::new("quiet", Kind::Bool, "Suppress the load output").short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let chunks = match matches.some("input") {
        Some(path) => {
            let file = File::open(&path)
                .map_err(|error| Exit::failure(crate::exit::go_error("open", Path::new(&path), &error)))?;
            input::chunks(file)
        }
        None if terminal::stdin_is_terminal() => {
            return Err(Exit::failure("requested load from stdin, but stdin is empty"));
        }
        None => input::stdin(),
    };
    // Bars make no sense where they cannot be redrawn.
    let quiet = matches.bool("quiet") || !terminal::stdout_is_terminal();
    let mut query = Query::new().set("quiet", if quiet { "1" } else { "0" });
    if let Some(platform) = matches.some("platform") {
        query = query.set("platform", super::platform_json(&platform)?);
    }
    let client = invocation.session.client().await?;
    let request = Request::post("/images/load").query(query).stream("application/x-tar", chunks);
    show_stream(client.send(request).await?, Stream::Out, false).await
}
