//! `wait`.

use super::each::{path, summed};
use crate::exit::Exit;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::container::WaitResponse;
use client::{Client, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTAINER [CONTAINER...]",
    about: "Block until one or more containers stop, then print their exit codes",
    aliases: &["container wait", "wait"],
    args: Args::AtLeast(1),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let client = invocation.session.client().await?;
    let mut failures = Vec::new();
    for name in &invocation.matches.positional {
        match wait(client, name).await {
            Ok(code) => out::line(&code.to_string())?,
            Err(exit) => failures.push(exit.message),
        }
    }
    summed(failures)
}

async fn wait(client: &Client, name: &str) -> Result<i64, Exit> {
    let answer: WaitResponse = client.send(Request::post(path(name, "/wait"))).await?.json().await?;
    match answer.error.filter(|error| !error.message.is_empty()) {
        Some(error) => Err(Exit::failure(error.message)),
        None => Ok(answer.status_code),
    }
}
