//! `run`.

use super::create::{check_pull, create, refused};
use super::each::path;
use super::flags;
use super::ls::short_id;
use super::session::{Session, Target, begin_wait, check_tty, finish_wait, status};
use super::spec::{self, Attach};
use crate::exit::Exit;
use crate::flag::Matches;
use crate::session;
use crate::stream::attach::Attachment;
use crate::stream::escape::Escape;
use crate::stream::signals::Signals;
use crate::stream::{out, terminal};
use crate::tree::{Args, Command, Invocation};
use api::container::WaitCondition;
use client::{Client, Hijacked, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    about: "Create and run a new container from an image",
    aliases: &["container run", "run"],
    args: Args::AtLeast(1),
    flags: flags::RUN,
    interspersed: false,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let Invocation { session, matches, .. } = &invocation;
    let wrong = |why: String| refused(session, "run", &why);
    check_pull(matches).map_err(wrong)?;
    let daemon = session.choice()?.endpoint.to_string();
    let mut body = spec::build(matches, session.config(), &daemon).map_err(wrong)?;
    if matches.bool("detach") && !matches.list("attach").is_empty() {
        return Err(Exit::failure("conflicting options: cannot specify both --attach and --detach"));
    }
    let plan = Plan::read(session, matches)?;
    if let (true, Some((rows, columns)), Some(host)) = (plan.tty, terminal::size(), &mut body.host_config) {
        host.console_size = [rows.into(), columns.into()];
    }
    let image = body.config.image.clone();
    let id = create(session, matches, body).await.map_err(|exit| failed(session, exit))?;
    session.timing.step(format_args!("image {image} ready, container {} created", short_id(&id)));
    plan.go(session, &id).await
}

/// A failure on the way to a running container: what the daemon says decides the exit code.
fn failed(session: &session::Session, exit: Exit) -> Exit {
    if exit.message.is_empty() {
        return exit;
    }
    let text = &exit.message;
    let code = if ["executable file not found", "no such file or directory", "system cannot find the file specified"]
        .iter()
        .any(|words| text.contains(words))
    {
        127
    } else if text.contains("permission denied") || text.contains("is a directory") {
        126
    } else {
        125
    };
    refused(session, "run", text).with_code(code)
}

/// How the container is run.
struct Plan {
    attach: Attach,
    tty: bool,
    remove: bool,
    proxy_signals: bool,
    detach_keys: String,
}

impl Plan {
    fn read(session: &session::Session, matches: &Matches) -> Result<Plan, Exit> {
        let attach = Attach::of(matches);
        let tty = matches.bool("tty");
        check_tty(attach.stdin, tty)?;
        let detach_keys = session.detach_keys(matches.str("detach-keys"));
        Escape::parse(&detach_keys)?;
        // With a terminal the keys travel as input; there is nothing to pass on.
        let proxy_signals = matches.bool("sig-proxy") && !tty && attach.any();
        Ok(Plan { attach, tty, remove: matches.bool("rm"), proxy_signals, detach_keys })
    }

    async fn go(&self, session: &session::Session, id: &str) -> Result<(), Exit> {
        let client = session.client().await?;
        // Caught from here on, so that none is lost before there is a process to pass it to.
        let signals = if self.proxy_signals { Signals::forwarded() } else { Signals::none() };
        let failed = |exit: Exit| failed(session, exit);
        let hijacked = match self.attach.any() {
            true => Some(self.join(client, id).await.map_err(failed)?),
            false => None,
        };
        let condition = if self.remove { WaitCondition::Removed } else { WaitCondition::NextExit };
        let waiting = match (&hijacked, self.remove) {
            (None, false) => None,
            _ => Some(begin_wait(client, id, condition).await.map_err(failed)?),
        };
        if let Err(error) = client.send_quietly(Request::post(path(id, "/start"))).await {
            drop(hijacked);
            if let (true, Some(waiting)) = (self.remove, waiting) {
                // The daemon removes what could not be started; the next command must not find it.
                let _ = tokio::time::timeout(std::time::Duration::from_secs(10), waiting.bytes()).await;
            }
            return Err(failed(error.into()));
        }
        session.timing.step("container started");
        let (Some(hijacked), Some(waiting)) = (hijacked, waiting) else { return out::line(id) };
        if !self.attach.stdout && !self.attach.stderr {
            out::line(id)?;
        }
        let attachment = Attachment {
            hijacked,
            tty: self.tty,
            stdin: self.attach.stdin,
            stdout: self.attach.stdout,
            stderr: self.attach.stderr,
            escape: self.escape()?,
        };
        let target = Target::Container(id.into());
        let foreground = Session { client, target, tty: self.tty, input: self.attach.stdin, signals, redraw: false };
        let code = foreground.run(attachment, finish_wait(waiting)).await?;
        if let Some(code) = code {
            session.timing.step(format_args!("container exited with {code}"));
        }
        status(code.unwrap_or(0))
    }

    /// Keys are only looked for in what is typed.
    fn escape(&self) -> Result<Option<Escape>, Exit> {
        let typed = self.tty && terminal::stdin_is_terminal();
        if typed { Escape::parse(&self.detach_keys).map(Some) } else { Ok(None) }
    }

    async fn join(&self, client: &Client, id: &str) -> Result<Hijacked, Exit> {
        let query = Query::new()
            .some("detachKeys", Some(&self.detach_keys))
            .flag("stderr", self.attach.stderr)
            .flag("stdin", self.attach.stdin)
            .flag("stdout", self.attach.stdout)
            .flag("stream", true);
        Ok(client.hijack(Request::post(path(id, "/attach")).query(query)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Globals;
    use crate::face::Face;

    #[test]
    fn the_daemons_words_decide_the_exit_code() {
        let session = session::Session::new(Face::Docker, Default::default(), Globals::default());
        let code = |text: &str| failed(&session, Exit::failure(text)).code;
        assert_eq!(code("exec: \"nope\": executable file not found in $PATH"), 127);
        assert_eq!(code("stat /x: no such file or directory"), 127);
        assert_eq!(code("exec: \"/etc/passwd\": permission denied"), 126);
        assert_eq!(code("exec: \"/etc\": is a directory"), 126);
        assert_eq!(code("Conflict. The container name is already in use"), 125);
        let text = failed(&session, Exit::failure("x")).message;
        assert_eq!(text, "docker: x\n\nRun 'docker run --help' for more information");
    }
}
