//! `attach`.

use super::each::path;
use super::session::{Session, Target, begin_wait, check_tty, finish_wait, status};
use super::start::Subject;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::attach::Attachment;
use crate::stream::escape::Escape;
use crate::stream::signals::Signals;
use crate::stream::terminal;
use crate::tree::{Args, Command, Invocation};
use api::container::WaitCondition;
use client::{Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER",
    about: "Attach local standard input, output, and error streams to a running container",
    aliases: &["container attach", "attach"],
    args: Args::Exactly(1),
    flags: &[
        Flag::new("detach-keys", Kind::Str, "Override the key sequence for detaching a container"),
        Flag::new("no-stdin", Kind::Bool, "Do not attach STDIN"),
        Flag::new("sig-proxy", Kind::Bool, "Proxy all received signals to the process").default("true"),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let client = invocation.session.client().await?;
    let name = &matches.positional[0];
    let container: Subject = client.send(Request::get(path(name, "/json"))).await?.json().await?;
    check_state(&container)?;
    let (id, tty) = (container.id.as_str(), container.config.tty);
    let stdin = !matches.bool("no-stdin") && container.config.open_stdin;
    check_tty(!matches.bool("no-stdin"), tty)?;
    let keys = invocation.session.detach_keys(matches.str("detach-keys"));
    let escape = Escape::parse(&keys)?;
    let proxy = matches.bool("sig-proxy") && !tty;
    let signals = if proxy { Signals::forwarded() } else { Signals::none() };
    // The exit is awaited first: the container may end while we join.
    let waiting = begin_wait(client, id, WaitCondition::NotRunning).await?;
    let query = Query::new()
        .some("detachKeys", Some(&keys))
        .flag("stderr", true)
        .flag("stdin", stdin)
        .flag("stdout", true)
        .flag("stream", true);
    let hijacked = client.hijack(Request::post(path(id, "/attach")).query(query)).await?;
    let escape = Some(escape).filter(|_| tty && terminal::stdin_is_terminal());
    let attachment = Attachment { hijacked, tty, stdin, stdout: true, stderr: true, escape };
    let session = Session { client, target: Target::Container(id.into()), tty, input: stdin, signals, redraw: true };
    match session.run(attachment, finish_wait(waiting)).await? {
        Some(code) => status(code),
        None => Err(Exit::failure("read escape sequence")),
    }
}

fn check_state(container: &Subject) -> Result<(), Exit> {
    let state = &container.state;
    if !state.running {
        return Err(Exit::failure("You cannot attach to a stopped container, start it first"));
    }
    if state.paused {
        return Err(Exit::failure("You cannot attach to a paused container, unpause it first"));
    }
    if state.restarting {
        return Err(Exit::failure("You cannot attach to a restarting container, wait until it is running"));
    }
    Ok(())
}
