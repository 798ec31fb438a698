//! `stop`.

use super::each::{each, path};
use crate::flag::{Flag, Kind};
use crate::tree::{Args, Command};
use client::{Query, Request};

/// The flags that `stop` and `restart` share.
pub const FLAGS: &[Flag] = &[
    Flag::new("signal", Kind::Str, "Signal to send to the container").short('s'),
    Flag::new("timeout", Kind::Int, "Seconds to wait before killing the container").short('t'),
    Flag::alias("time", Kind::Int, "timeout").deprecated("use --timeout instead"),
];

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Stop one or more running containers",
    aliases: &["container stop", "stop"],
    args: Args::AtLeast(1),
    flags: FLAGS,
    interspersed: true,
    run: |invocation| {
        Box::pin(async move {
            let query = query(&invocation.matches);
            each(&invocation, |name| Request::post(path(name, "/stop")).query(query.clone())).await
        })
    },
};

/// Signal and time of a stop.
pub fn query(matches: &crate::flag::Matches) -> Query {
    let timeout = matches.changed("timeout").then(|| matches.int("timeout").to_string());
    Query::new().some("signal", matches.some("signal").as_deref()).some("t", timeout.as_deref())
}
