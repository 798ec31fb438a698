//! `kill`.

use super::each::{each, path};
use crate::flag::{Flag, Kind};
use crate::tree::{Args, Command};
use client::{Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Kill one or more running containers",
    aliases: &["container kill", "kill"],
    args: Args::AtLeast(1),
    flags: &[Flag::new("signal", Kind::Str, "Signal to send to the container").short('s')],
    interspersed: true,
    run: |invocation| {
        Box::pin(async move {
            let query = Query::new().some("signal", invocation.matches.some("signal").as_deref());
            each(&invocation, |name| Request::post(path(name, "/kill")).query(query.clone())).await
        })
    },
};
