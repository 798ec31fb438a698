//! `start`.

use super::each::path;
use super::session::{Session, Target, begin_wait, finish_wait, status};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::attach::Attachment;
use crate::stream::escape::Escape;
use crate::stream::signals::Signals;
use crate::stream::{out, terminal, visible};
use crate::tree::{Args, Command, Invocation};
use api::container::WaitCondition;
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Start one or more stopped containers",
    aliases: &["container start", "start"],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("attach", Kind::Bool, "Attach STDOUT/STDERR and forward signals").short('a'),
        Flag::new("checkpoint", Kind::Str, "Restore from this checkpoint").os("linux").experimental(),
        Flag::new("checkpoint-dir", Kind::Str, "Use a custom checkpoint storage directory").os("linux").experimental(),
        Flag::new("detach-keys", Kind::Str, "Override the key sequence for detaching a container"),
        Flag::new("interactive", Kind::Bool, "Attach container's STDIN").short('i'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let names = &matches.positional;
    let client = invocation.session.client().await?;
    if !matches.bool("attach") && !matches.bool("interactive") {
        let query = Query::new()
            .some("checkpoint", matches.some("checkpoint").as_deref())
            .some("checkpoint-dir", matches.some("checkpoint-dir").as_deref());
        return start_each(client, names, &query).await;
    }
    let [name] = names.as_slice() else {
        return Err(Exit::failure("you cannot start and attach multiple containers at once"));
    };
    attached(&invocation, client, name).await
}

async fn start_each(client: &Client, names: &[String], query: &Query) -> Result<(), Exit> {
    let mut failed = Vec::new();
    for name in names {
        match client.send_quietly(Request::post(path(name, "/start")).query(query.clone())).await {
            Ok(()) => out::line(&visible::on_terminal(name, rustix::stdio::stdout()))?,
            Err(error) => {
                eprintln!("{}", visible::on_terminal(&error.to_string(), rustix::stdio::stderr()));
                failed.push(name.as_str());
            }
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Exit::failure(format!("Error: failed to start containers: {}", failed.join(", ")))),
    }
}

async fn attached(invocation: &Invocation, client: &Client, name: &str) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let container: Subject = client.send(Request::get(path(name, "/json"))).await?.json().await?;
    let (id, tty) = (container.id.as_str(), container.config.tty);
    let stdin = matches.bool("interactive") && container.config.open_stdin;
    let keys = invocation.session.detach_keys(matches.str("detach-keys"));
    let escape = Escape::parse(&keys)?;
    let query = Query::new()
        .some("detachKeys", Some(&keys))
        .flag("stderr", true)
        .flag("stdin", stdin)
        .flag("stdout", true)
        .flag("stream", true);
    let signals = if tty { Signals::none() } else { Signals::forwarded() };
    let hijacked = client.hijack(Request::post(path(id, "/attach")).query(query)).await?;
    let condition = if container.host_config.auto_remove { WaitCondition::Removed } else { WaitCondition::NextExit };
    let waiting = begin_wait(client, id, condition).await?;
    client.send_quietly(Request::post(path(id, "/start"))).await?;
    let escape = Some(escape).filter(|_| tty && terminal::stdin_is_terminal());
    let attachment = Attachment { hijacked, tty, stdin, stdout: true, stderr: true, escape };
    let session = Session { client, target: Target::Container(id.into()), tty, input: stdin, signals, redraw: false };
    let code = session.run(attachment, finish_wait(waiting)).await?;
    status(code.unwrap_or(0))
}

/// What the commands that join a container must know of it.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Subject {
    /// 64 hexadecimal digits.
    pub id: String,
    /// How it is.
    pub state: api::container::State,
    /// The portable part.
    pub config: api::container::ContainerConfig,
    /// The host's part.
    pub host_config: SubjectHost,
}

/// What of the host's part matters here.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SubjectHost {
    /// Removed at its end.
    pub auto_remove: bool,
}
