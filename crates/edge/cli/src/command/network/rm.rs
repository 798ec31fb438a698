//! `network rm`.

use super::path;
use crate::command::prune::is_confirmed;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::network::Network;
use client::{Client, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "NETWORK [NETWORK...]",
    about: "Remove one or more networks",
    aliases: &["network rm", "network remove"],
    args: Args::AtLeast(1),
    flags: &[Flag::new("force", Kind::Bool, "Do not error if the network does not exist").short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const INGRESS: &str = "WARNING! Before removing the routing-mesh network, make sure all the nodes in your swarm run the same docker engine version. Otherwise, removal may not be effective and functionality of newly created ingress networks will be impaired.";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let force = invocation.matches.bool("force");
    let client = invocation.session.client().await?;
    let mut failed = false;
    for name in &invocation.matches.positional {
        match remove(client, name).await {
            Ok(true) => out::line(&visible::on_terminal(name, rustix::stdio::stdout()))?,
            Ok(false) => {}
            Err(error) if force && is_not_found(&error) => {}
            Err(error) => {
                failed = true;
                eprintln!("{}", visible::on_terminal(&text(error), rustix::stdio::stderr()));
            }
        }
    }
    // The words are docker's.
    if failed { Err(Exit::failure("exit status 1")) } else { Ok(()) }
}

/// Why one network stays.
enum Failure {
    Daemon(client::Error),
    Other(Exit),
}

fn is_not_found(failure: &Failure) -> bool {
    matches!(failure, Failure::Daemon(error) if error.is_not_found())
}

fn text(failure: Failure) -> String {
    match failure {
        Failure::Daemon(error) => error.to_string(),
        Failure::Other(exit) => exit.message,
    }
}

/// Removes one network; `false` where the user does not want to.
async fn remove(client: &Client, name: &str) -> Result<bool, Failure> {
    let path = path(name, "").map_err(Failure::Other)?;
    if is_ingress(client, &path).await && !is_confirmed(INGRESS).map_err(Failure::Other)? {
        return Ok(false);
    }
    client.send_quietly(Request::delete(path)).await.map_err(Failure::Daemon).map(|()| true)
}

/// A network that cannot be looked at is left to its removal, which tells why.
async fn is_ingress(client: &Client, path: &str) -> bool {
    match client.send(Request::get(path)).await {
        Ok(body) => body.json::<Network>().await.is_ok_and(|network| network.ingress),
        Err(_) => false,
    }
}
