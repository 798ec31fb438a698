//! `cp`.
//!
//! A copy travels as a tar archive. Where it goes, and what its topmost entry is called, follows from what source and
//! destination are ([`plan`]); the archive is made and taken apart here ([`pack`], [`unpack`]) or by the daemon.

mod download;
mod local;
mod pack;
mod path;
mod plan;
mod unpack;
mod upload;

use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::terminal;
use crate::tree::{Args, Command, Invocation};
use api::container::{PATH_STAT_HEADER, PathStat};
use base64::Engine;
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    about: "Copy files/folders between a container and the local filesystem\n\n\
            Use '-' as the source to read a tar archive from stdin\n\
            and extract it to a directory destination in a container.\n\
            Use '-' as the destination to stream a tar archive of a\n\
            container source to stdout.",
    aliases: &["container cp", "cp"],
    args: Args::Exactly(2),
    flags: &[
        Flag::new("archive", Kind::Bool, "Archive mode (copy all uid/gid information)").short('a'),
        Flag::new("follow-link", Kind::Bool, "Always follow symbol link in SRC_PATH").short('L'),
        Flag::new(
            "quiet",
            Kind::Bool,
            "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
        )
        .short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let direction = direction(&matches.positional[0], &matches.positional[1]).map_err(Exit::failure)?;
    let follow = matches.bool("follow-link");
    let copy = Copy {
        follow,
        archive: matches.bool("archive"),
        quiet: matches.bool("quiet") || !terminal::stdout_is_terminal(),
    };
    match direction {
        Direction::FromContainer { container, source, destination } => {
            copy.download(&invocation.session, &container, &source, &destination).await
        }
        Direction::ToContainer { source, container, destination } => {
            copy.upload(&invocation.session, &source, &container, &destination).await
        }
    }
}

/// How to copy.
struct Copy {
    /// A source that is a symbolic link is followed.
    follow: bool,
    /// Files keep their owners in the container. What comes out of one belongs to whoever copies, as with docker.
    archive: bool,
    /// Nothing is told at the end.
    quiet: bool,
}

impl Copy {
    /// Tells what was done, on stderr.
    fn report(&self, bytes: u64, destination: &str) {
        if !self.quiet {
            let size = human::decimal_size_with(bytes as f64, 3);
            let text = format!("Successfully copied {size} to {destination}");
            eprintln!("{}", crate::stream::visible::on_terminal(&text, rustix::stdio::stderr()));
        }
    }
}

/// Where a copy comes from and goes to; `-` is an archive on a standard stream.
#[derive(Debug, PartialEq, Eq)]
enum Direction {
    FromContainer { container: String, source: String, destination: String },
    ToContainer { source: String, container: String, destination: String },
}

fn direction(source: &str, destination: &str) -> Result<Direction, &'static str> {
    if source.is_empty() {
        return Err("source can not be empty");
    }
    if destination.is_empty() {
        return Err("destination can not be empty");
    }
    let ((from, source), (to, destination)) = (split(source), split(destination));
    let (source, destination) = (source.to_string(), destination.to_string());
    match (from, to) {
        ("", "") => Err("must specify at least one container source"),
        (container, "") => Ok(Direction::FromContainer { container: container.into(), source, destination }),
        ("", container) => Ok(Direction::ToContainer { source, container: container.into(), destination }),
        _ => Err("copying between containers is not supported"),
    }
}

/// Container and path of an argument. One that begins with a slash or a point is a local path whatever it contains.
fn split(argument: &str) -> (&str, &str) {
    match argument.split_once(':') {
        Some((container, path)) if !argument.starts_with(['/', '.']) => (container, path),
        _ => ("", argument),
    }
}

/// What is at a path in a container; `None` where the daemon does not tell.
async fn stat(client: &Client, container: &str, path: &str) -> Option<PathStat> {
    let body = client.send(request(Request::head, container, Query::new().set("path", path))).await.ok()?;
    let text = base64::engine::general_purpose::STANDARD.decode(body.header(PATH_STAT_HEADER)?).ok()?;
    api::json::from_slice(&text).ok()
}

fn request(method: fn(String) -> Request, container: &str, query: Query) -> Request {
    method(super::each::path(container, "/archive")).query(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_local_or_in_a_container() {
        assert_eq!(split("va:/x:y"), ("va", "/x:y"));
        assert_eq!(split("./va:f"), ("", "./va:f"));
        assert_eq!(split("/va:f"), ("", "/va:f"));
        assert_eq!(split(".va:f"), ("", ".va:f"));
        assert_eq!(split(":x"), ("", "x"));
        assert_eq!(split("-"), ("", "-"));
    }

    #[test]
    fn one_side_is_a_container() {
        let refusal = |a, b| direction(a, b).unwrap_err();
        assert_eq!(refusal("va:/a", "vb:/b"), "copying between containers is not supported");
        assert_eq!(refusal("a", "-"), "must specify at least one container source");
        assert_eq!(refusal("", "va:/x"), "source can not be empty");
        assert_eq!(refusal("va:/x", ""), "destination can not be empty");
        let expect = Direction::ToContainer { source: "-".into(), container: "va".into(), destination: "".into() };
        assert_eq!(direction("-", "va:"), Ok(expect));
    }
}
