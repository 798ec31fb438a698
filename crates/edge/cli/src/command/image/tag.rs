//! `tag`.

use crate::exit::Exit;
use crate::tree::{Args, Command, Invocation};
use client::{Query, Request};
use names::Reference;

/// The command.
pub static COMMAND: Command = Command {
    usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    about: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    aliases: &["image tag", "tag"],
    args: Args::Exactly(2),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let [source, target] = invocation.matches.positional.as_slice() else { return Ok(()) };
    let wrong = |text: &str, error: String| {
        Exit::failure(format!("Error parsing reference: {} is not a valid repository/tag: {error}", human::quote(text)))
    };
    let source_is_id = source.len() == 64 && source.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !source_is_id && !source.starts_with("sha256:") {
        source.parse::<Reference>().map_err(|error| wrong(source, error.to_string()))?;
    }
    let reference: Reference =
        target.parse().map_err(|error: names::ReferenceError| wrong(target, error.to_string()))?;
    if reference.digest().is_some() {
        return Err(Exit::failure("refusing to create a tag with a digest reference"));
    }
    let reference = reference.or_latest();
    let query = Query::new().set("repo", reference.repository()).some("tag", reference.tag());
    let client = invocation.session.client().await?;
    let request = Request::post(format!("/images/{}/tag", Query::segment(source))).query(query);
    Ok(client.send_quietly(request).await?)
}
