//! Pulling, and the streams of messages that pulls, loads and imports answer.

use crate::command::container::ls::now;
use crate::config::registry_auth;
use crate::exit::Exit;
use crate::session::Session;
use crate::stream::out::Stream;
use api::progress::JsonMessage;
use client::{Body, Client, Query, Request};
use names::Reference;
use progress::{Display, Screen};
use rustix::termios::{isatty, tcgetwinsize};

/// One pull.
pub struct Pull {
    /// What to pull, with a tag or digest unless `all`.
    pub reference: Reference,
    /// `os/arch`.
    pub platform: Option<String>,
    /// Every tag.
    pub all: bool,
    /// Show nothing.
    pub quiet: bool,
    /// Where progress is shown.
    pub to: Stream,
}

/// Pulls an image. Credentials are looked up first; when that fails, nothing is sent.
pub async fn pull_image(session: &Session, client: &Client, pull: Pull) -> Result<(), Exit> {
    let auth = registry_auth(session.config(), pull.reference.domain())?;
    let tag = match (pull.all, pull.reference.digest(), pull.reference.tag()) {
        (true, ..) => None,
        (_, Some(digest), _) => Some(digest.as_str()),
        (_, None, tag) => tag,
    };
    let query = Query::new()
        .set("fromImage", pull.reference.repository())
        .some("platform", pull.platform.as_deref())
        .some("tag", tag);
    let request = Request::post("/images/create").query(query).header("X-Registry-Auth", auth);
    let body = client.send(request).await?;
    show_stream(body, pull.to, pull.quiet).await
}

/// Shows a stream of messages until it ends; an error in it is the command's.
pub async fn show_stream(body: Body, to: Stream, quiet: bool) -> Result<(), Exit> {
    let fd = match to {
        Stream::Out => rustix::stdio::stdout(),
        Stream::Err => rustix::stdio::stderr(),
    };
    let screen = match isatty(fd) {
        true => Screen::Terminal(tcgetwinsize(fd).map_or(200, |size| size.ws_col)),
        false => Screen::Plain,
    };
    let mut display = Display::new(screen);
    let mut messages = body.json_stream();
    while let Some(message) = messages.next::<JsonMessage>().await? {
        let text = display.show(&message, now()).map_err(Exit::failure)?;
        if !quiet {
            to.write(text.as_bytes()).await?;
        }
    }
    Ok(())
}
