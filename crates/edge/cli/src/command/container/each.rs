//! The same request for several containers.

use crate::exit::Exit;
use crate::stream::{out, visible};
use crate::tree::Invocation;
use client::{Client, Request};

/// Sends one request for each named container, in order, and prints the name of each that succeeded. Failures are
/// printed as they come and make the whole fail.
pub async fn each(invocation: &Invocation, request: impl Fn(&str) -> Request) -> Result<(), Exit> {
    let client = invocation.session.client().await?;
    let mut failures = Vec::new();
    for name in &invocation.matches.positional {
        match one(client, name, &request).await {
            Ok(()) => out::line(&visible::on_terminal(name, rustix::stdio::stdout()))?,
            Err(exit) => failures.push(exit.message),
        }
    }
    summed(failures)
}

async fn one(client: &Client, name: &str, request: &impl Fn(&str) -> Request) -> Result<(), Exit> {
    check(name)?;
    Ok(client.send_quietly(request(name)).await?)
}

/// Refuses a name of which nothing is left in a path.
pub fn check(name: &str) -> Result<(), Exit> {
    match name.trim_matches('/').is_empty() {
        true => Err(Exit::failure("invalid container name or ID: value is empty")),
        false => Ok(()),
    }
}

/// The failures of several requests as one.
pub fn summed(failures: Vec<String>) -> Result<(), Exit> {
    if failures.is_empty() { Ok(()) } else { Err(Exit::failure(failures.join("\n"))) }
}

/// The path of a container's resource.
pub fn path(name: &str, rest: &str) -> String {
    format!("/containers/{}{rest}", client::Query::segment(name))
}
