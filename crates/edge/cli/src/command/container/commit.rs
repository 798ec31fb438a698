//! `commit`.

use super::each::check;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::image::CommitResponse;
use client::{Query, Request};
use names::Reference;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    about: "Create a new image from a container's changes",
    aliases: &["container commit", "commit"],
    args: Args::Between(1, 2),
    flags: &[
        Flag::new("author", Kind::Str, "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")").short('a'),
        Flag::new("change", Kind::List, "Apply Dockerfile instruction to the created image").short('c'),
        Flag::new("message", Kind::Str, "Commit message").short('m'),
        Flag::new("pause", Kind::Bool, "Pause container during commit").short('p').default("true"),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let container = &matches.positional[0];
    check(container)?;
    let (repository, tag) = target(matches.positional.get(1).map_or("", String::as_str)).map_err(Exit::failure)?;
    let mut query = Query::new().set("author", matches.str("author"));
    for change in matches.list("change") {
        query = query.set("changes", change);
    }
    query = query.set("comment", matches.str("message")).set("container", container);
    if !matches.bool("pause") {
        query = query.set("pause", "0");
    }
    query = query.set("repo", repository).set("tag", tag);
    let client = invocation.session.client().await?;
    let answer: CommitResponse = client.send(Request::post("/commit").query(query)).await?.json().await?;
    out::line(&answer.id)
}

/// Repository and tag of the new image; both empty for one without a name.
fn target(name: &str) -> Result<(String, String), String> {
    if name.is_empty() {
        return Ok(Default::default());
    }
    let reference: Reference = name.parse().map_err(|error: names::ReferenceError| error.to_string())?;
    if reference.digest().is_some() {
        return Err("refusing to create a tag with a digest reference".into());
    }
    Ok((reference.repository(), reference.tag().unwrap_or("latest").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_whole_names() {
        let pair = |repository: &str, tag: &str| Ok((repository.to_string(), tag.to_string()));
        assert_eq!(target(""), pair("", ""));
        assert_eq!(target("foo:bar"), pair("docker.io/library/foo", "bar"));
        assert_eq!(target("localhost:5000/x"), pair("localhost:5000/x", "latest"));
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(target("a:b:c").unwrap_err(), "invalid reference format");
        assert_eq!(
            target("FOO").unwrap_err(),
            "invalid reference format: repository name (library/FOO) must be lowercase"
        );
        let digest = format!("foo@sha256:{}", "a".repeat(64));
        assert_eq!(target(&digest).unwrap_err(), "refusing to create a tag with a digest reference");
    }
}
