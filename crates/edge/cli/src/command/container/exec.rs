//! `exec`.

use super::each::path;
use super::session::{Session, Target, check_tty, status};
use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::opts::{check, env};
use crate::stream::attach::Attachment;
use crate::stream::escape::Escape;
use crate::stream::signals::Signals;
use crate::stream::terminal;
use crate::tree::{Args, Command, Invocation};
use api::exec::{ExecCreateRequest, ExecCreateResponse, ExecInspect, ExecStartRequest};
use client::{Client, Query, Request};
use std::time::{Duration, Instant};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
    about: "Execute a command in a running container",
    aliases: &["container exec", "exec"],
    args: Args::AtLeast(2),
    flags: &[
        Flag::new("detach", Kind::Bool, "Detached mode: run command in the background").short('d'),
        Flag::new("detach-keys", Kind::Str, "Override the key sequence for detaching a container"),
        Flag::new("env", check::ENV, "Set environment variables").short('e').since(1, 25),
        Flag::new("env-file", Kind::List, "Read in a file of environment variables").since(1, 25),
        Flag::new("interactive", Kind::Bool, "Keep STDIN open even if not attached").short('i'),
        Flag::new("privileged", Kind::Bool, "Give extended privileges to the command"),
        Flag::new("tty", Kind::Bool, "Allocate a pseudo-TTY").short('t'),
        Flag::new("user", Kind::Str, "Username or UID (format: \"<name|uid>[:<group|gid>]\")").short('u'),
        Flag::new("workdir", Kind::Str, "Working directory inside the container").short('w').since(1, 35),
    ],
    interspersed: false,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let name = &matches.positional[0];
    let keys = invocation.session.detach_keys(matches.str("detach-keys"));
    let escape = Escape::parse(&keys)?;
    let request = request(matches, keys)?;
    let client = invocation.session.client().await?;
    if let (false, Err(refused)) = (matches.bool("detach"), check_tty(request.attach_stdin, request.tty)) {
        // That the container does not exist is the better answer.
        client.send_quietly(Request::get(path(name, "/json"))).await?;
        return Err(refused);
    }
    let created: ExecCreateResponse =
        client.send(Request::post(path(name, "/exec")).json(&request)).await?.json().await?;
    if created.id.is_empty() {
        return Err(Exit::failure("exec ID empty"));
    }
    let start =
        ExecStartRequest { detach: matches.bool("detach"), tty: request.tty, console_size: request.console_size };
    let start = Request::post(format!("/exec/{}/start", Query::segment(&created.id))).json(&start);
    if matches.bool("detach") {
        return Ok(client.send_quietly(start).await?);
    }
    foreground(client, &created.id, start, &request, escape).await
}

fn request(matches: &Matches, detach_keys: String) -> Result<ExecCreateRequest, Exit> {
    let env = env::collect(&matches.list("env-file"), &matches.list("env")).map_err(Exit::failure)?;
    let joined = !matches.bool("detach");
    let tty = matches.bool("tty");
    Ok(ExecCreateRequest {
        user: matches.str("user").into(),
        privileged: matches.bool("privileged"),
        tty,
        console_size: terminal::size().filter(|_| tty && joined).map(|(rows, columns)| [rows.into(), columns.into()]),
        attach_stdin: matches.bool("interactive") && joined,
        attach_stderr: joined,
        attach_stdout: joined,
        detach_keys,
        env: Some(env).filter(|env| !env.is_empty()),
        working_dir: matches.str("workdir").into(),
        cmd: matches.positional[1..].to_vec(),
    })
}

async fn foreground(
    client: &Client,
    id: &str,
    start: Request,
    request: &ExecCreateRequest,
    escape: Escape,
) -> Result<(), Exit> {
    let hijacked = client.hijack(start).await?;
    let (tty, stdin) = (request.tty, request.attach_stdin);
    let escape = Some(escape).filter(|_| tty && terminal::stdin_is_terminal());
    let attachment = Attachment { hijacked, tty, stdin, stdout: true, stderr: true, escape };
    let session =
        Session { client, target: Target::Exec(id.into()), tty, input: stdin, signals: Signals::none(), redraw: false };
    match session.run(attachment, exit_code(client, id)).await? {
        Some(code) => status(code),
        None => Err(Exit::failure("read escape sequence")),
    }
}

/// The exit code. The end of the output may come a moment before the end of the process is known.
async fn exit_code(client: &Client, id: &str) -> Result<i64, Exit> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let request = Request::get(format!("/exec/{}/json", Query::segment(id)));
        let exec: ExecInspect = client.send(request).await?.json().await?;
        match exec.exit_code {
            Some(code) if !exec.running => return Ok(code.into()),
            // The process closed its output and goes on; there is nothing more to show.
            other if begun.elapsed() > PATIENCE => return Ok(other.unwrap_or(0).into()),
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}
