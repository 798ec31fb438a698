//! `rmi`.

use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::image::ImageDeleteItem;
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    about: "Remove one or more images",
    aliases: &["image rm", "image remove", "rmi"],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("force", Kind::Bool, "Force removal of the image").short('f'),
        Flag::new("no-prune", Kind::Bool, "Do not delete untagged parents"),
        Flag::new(
            "platform",
            Kind::Strings,
            "Remove only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")",
        )
        .since(1, 50),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let force = matches.bool("force");
    let mut query = Query::new().flag("force", force).flag("noprune", matches.bool("no-prune"));
    for platform in matches.list("platform") {
        query = query.set("platforms", super::platform_json(&platform)?);
    }
    let client = invocation.session.client().await?;
    let (mut failures, mut fatal) = (Vec::new(), false);
    for name in &matches.positional {
        match remove(client, name, &query).await {
            Ok(text) => out::print(&visible::on_terminal(&text, rustix::stdio::stdout()))?,
            Err(error) => {
                fatal |= !error.is_not_found();
                failures.push(error.to_string());
            }
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        // With --force an image that is not there is told, and is no failure.
        false if force && !fatal => {
            eprintln!("{}", failures.join("\n"));
            Ok(())
        }
        false => Err(Exit::failure(failures.join("\n"))),
    }
}

async fn remove(client: &Client, name: &str, query: &Query) -> Result<String, client::Error> {
    let request = Request::delete(format!("/images/{}", Query::segment(name))).query(query.clone());
    let items: Vec<ImageDeleteItem> = client.send(request).await?.json().await?;
    let line = |item: &ImageDeleteItem| match item {
        ImageDeleteItem::Deleted(id) => format!("Deleted: {id}\n"),
        ImageDeleteItem::Untagged(name) => format!("Untagged: {name}\n"),
    };
    Ok(items.iter().map(line).collect())
}
