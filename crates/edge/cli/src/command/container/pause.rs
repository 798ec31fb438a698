//! `pause`.

use super::each::{each, path};
use crate::tree::{Args, Command};
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTAINER [CONTAINER...]",
    about: "Pause all processes within one or more containers",
    aliases: &["container pause", "pause"],
    args: Args::AtLeast(1),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(async move { each(&invocation, |name| Request::post(path(name, "/pause"))).await }),
};
