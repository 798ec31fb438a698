//! `context show`.

use crate::exit::Exit;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// The command.
pub static COMMAND: Command = Command {
    usage: "",
    about: "Print the name of the current context",
    aliases: &[],
    args: Args::None,
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    out::line(&invocation.session.context_name()?)
}
