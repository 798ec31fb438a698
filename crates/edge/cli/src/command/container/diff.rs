//! `diff`.

use super::each::{check, path};
use crate::exit::Exit;
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::container::FilesystemChange;
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTAINER",
    about: "Inspect changes to files or directories on a container's filesystem",
    aliases: &["container diff", "diff"],
    args: Args::Exactly(1),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let name = &invocation.matches.positional[0];
    if name.is_empty() {
        return Err(Exit::failure("Container name cannot be empty"));
    }
    check(name)?;
    let client = invocation.session.client().await?;
    let changes: Vec<FilesystemChange> = client.send(Request::get(path(name, "/changes"))).await?.json().await?;
    let lines: String = changes.iter().map(line).collect();
    out::print(&visible::on_terminal(&lines, rustix::stdio::stdout()))
}

/// The kind's letter, and the path.
fn line(change: &FilesystemChange) -> String {
    let letter = match change.kind {
        FilesystemChange::MODIFIED => "C ",
        FilesystemChange::ADDED => "A ",
        FilesystemChange::DELETED => "D ",
        _ => "",
    };
    format!("{letter}{}\n", change.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_letter() {
        let all: String = (0..3).map(|kind| line(&FilesystemChange { path: "/a".into(), kind })).collect();
        assert_eq!(all, "C /a\nA /a\nD /a\n");
    }
}
