//! `restart`.

use super::each::{each, path};
use super::stop;
use crate::tree::{Args, Command};
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Restart one or more containers",
    aliases: &["container restart", "restart"],
    args: Args::AtLeast(1),
    flags: stop::FLAGS,
    interspersed: true,
    run: |invocation| {
        Box::pin(async move {
            let query = stop::query(&invocation.matches);
            each(&invocation, |name| Request::post(path(name, "/restart")).query(query.clone())).await
        })
    },
};
