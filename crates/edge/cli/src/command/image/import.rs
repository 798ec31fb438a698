//! `import`.

use super::show_stream;
use crate::exit::{Exit, go_error};
use crate::flag::{Flag, Kind};
use crate::stream::input;
use crate::stream::out::Stream;
use crate::tree::{Args, Command, Invocation};
use client::{Query, Request};
use names::Reference;
use std::fs::File;
use std::path::Path;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    about: "Import the contents from a tarball to create a filesystem image",
    aliases: &["image import", "import"],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("change", Kind::List, "Apply Dockerfile instruction to the created image").short('c'),
        Flag::new("message", Kind::Str, "Set commit message for imported image").short('m'),
        Flag::new("platform", Kind::Str, "Set platform if server is multi-platform capable").since(1, 32),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let source = matches.positional[0].as_str();
    let target = matches.positional.get(1).map_or("", String::as_str);
    if !target.is_empty() {
        target.parse::<Reference>().map_err(Exit::failure)?;
    }
    let chunks = match source {
        "-" => Some(input::stdin()),
        url if is_url(url) => None,
        path => {
            let file = File::open(path).map_err(|error| Exit::failure(go_error("open", Path::new(path), &error)))?;
            Some(input::chunks(file))
        }
    };
    let mut query = Query::new().set("fromSrc", if chunks.is_some() { "-" } else { source });
    for change in matches.list("change") {
        query = query.set("changes", change);
    }
    query = query
        .some("message", matches.some("message").as_deref())
        .some("platform", matches.some("platform").as_deref())
        .some("repo", Some(target));
    let client = invocation.session.client().await?;
    let request = Request::post("/images/create").query(query);
    let request = match chunks {
        Some(chunks) => request.stream("application/x-tar", chunks),
        None => request,
    };
    show_stream(client.send(request).await?, Stream::Out, false).await
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
