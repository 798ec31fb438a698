//! `network disconnect`.

use super::path;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::tree::{Args, Command, Invocation};
use api::network::NetworkDisconnect;
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] NETWORK CONTAINER",
    about: "Disconnect a container from a network",
    aliases: &[],
    args: Args::Exactly(2),
    flags: &[Flag::new("force", Kind::Bool, "Force the container to disconnect from a network").short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let body = NetworkDisconnect { container: matches.positional[1].clone(), force: matches.bool("force") };
    let request = Request::post(path(&matches.positional[0], "/disconnect")?).json(&body);
    Ok(invocation.session.client().await?.send_quietly(request).await?)
}
