//! `pull`.

use super::{Pull, pull_image};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::out::{self, Stream};
use crate::tree::{Args, Command, Invocation};
use names::Reference;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
    about: "Download an image from a registry",
    aliases: &["image pull", "pull"],
    args: Args::Exactly(1),
    flags: &[
        Flag::new("all-tags", Kind::Bool, "Download all tagged images in the repository").short('a'),
        Flag::new("disable-content-trust", Kind::Bool, "Skip image verification").default("true"),
        Flag::new("platform", Kind::Str, "Set platform if server is multi-platform capable").since(1, 32),
        Flag::new("quiet", Kind::Bool, "Suppress verbose output").short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let Invocation { session, matches, .. } = &invocation;
    if !matches.bool("disable-content-trust") {
        return Err(Exit::failure("content trust is not implemented yet"));
    }
    let (all, quiet) = (matches.bool("all-tags"), matches.bool("quiet"));
    let mut reference: Reference = matches.positional[0].parse().map_err(Exit::failure)?;
    if all && !reference.is_name_only() {
        return Err(Exit::failure("tag can't be used with --all-tags/-a"));
    }
    if !all && reference.is_name_only() {
        reference = reference.or_latest();
        if !quiet {
            out::line(&format!("Using default tag: {}", names::DEFAULT_TAG))?;
        }
    }
    let client = session.client().await?;
    let platform = matches.some("platform").or_else(|| std::env::var("DOCKER_DEFAULT_PLATFORM").ok());
    let pull = Pull { reference: reference.clone(), platform, all, quiet, to: Stream::Out };
    pull_image(session, client, pull).await?;
    out::line(&reference.to_string())
}
