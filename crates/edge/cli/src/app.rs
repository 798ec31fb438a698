//! From `argv` to a running command.

use crate::complete::{self, Place};
use crate::config::{Globals, TlsFlags};
use crate::exit::Exit;
use crate::face::Face;
use crate::flag::{self, Flag, FlagError, Kind, Matches};
use crate::help::{self, Subject};
use crate::hooks::Hooks;
use crate::plugin;
use crate::session::Session;
use crate::stream::{out, visible};
use crate::tree::{self, Body, Command, Invocation, Node, ROOT};
use std::ffi::OsString;
use std::rc::Rc;

/// The flags before the command.
pub const GLOBAL_FLAGS: &[Flag] = &[
    Flag::new("config", Kind::Str, "Location of client config files"),
    Flag::new(
        "context",
        Kind::Str,
        "Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with \
         \"docker context use\")",
    )
    .short('c'),
    Flag::new("debug", Kind::Bool, "Enable debug mode").short('D'),
    Flag::new("host", Kind::List, "Daemon socket to connect to").short('H'),
    Flag::new("log-level", Kind::Str, "Set the logging level (\"debug\", \"info\", \"warn\", \"error\", \"fatal\")")
        .short('l')
        .default("info"),
    Flag::new("tls", Kind::Bool, "Use TLS; implied by --tlsverify"),
    Flag::new("tlscacert", Kind::Str, "Trust certs signed only by this CA"),
    Flag::new("tlscert", Kind::Str, "Path to TLS certificate file"),
    Flag::new("tlskey", Kind::Str, "Path to TLS key file"),
    Flag::new("tlsverify", Kind::Bool, "Use TLS and verify the remote"),
    Flag::new("version", Kind::Bool, "Print version information and quit").short('v'),
];

const HELP_SHORTHAND: &str = "Flag shorthand -h has been deprecated, use --help";

const LEVELS: [&str; 8] = ["panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"];

/// Runs the command line `args`, `argv[0]` included, and returns the exit code.
pub fn main(args: Vec<OsString>, hooks: Hooks) -> i32 {
    let face = args.first().map_or(Face::Gantry, |program| Face::of(program));
    // Go's strings hold any bytes, and its JSON replaces what is not UTF-8, as this does.
    let raw = args.get(1..).unwrap_or_default();
    let args: Vec<String> = args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    match dispatch(face, hooks, raw, &args) {
        Ok(()) => 0,
        Err(exit) => {
            if !exit.message.is_empty() {
                eprintln!("{}", visible::on_terminal(&exit.message, rustix::stdio::stderr()));
            }
            exit.code
        }
    }
}

fn dispatch(face: Face, hooks: Hooks, raw: &[OsString], args: &[String]) -> Result<(), Exit> {
    // The most frequent question of scripts is answered before anything else is looked at.
    if let [only] = args
        && (only == "--version" || only == "-v")
    {
        return out::print(&face.version_line());
    }
    let root = Subject::root(face);
    let globals = match flag::parse(GLOBAL_FLAGS, false, args) {
        Ok(globals) => globals,
        Err(FlagError::Help { shorthand }) => {
            if shorthand {
                eprintln!("{HELP_SHORTHAND}");
            }
            return help::show(&root, &Session::new(face, hooks, Globals::default()));
        }
        Err(FlagError::Usage(text)) => return Err(help::usage_error(&root, &text)),
    };
    let session = Rc::new(Session::new(face, hooks, settings(&globals)));
    if !LEVELS.contains(&&*globals.str("log-level").to_lowercase()) {
        return Err(Exit::failure(format!("Unable to parse logging level: {}", globals.str("log-level"))));
    }
    let words = &globals.positional;
    match words.split_first() {
        None if globals.bool("version") => out::print(&face.version_line()),
        None => {
            help::show_beside(&root, &session);
            Ok(())
        }
        Some((first, rest)) if first == "help" && tree::find(ROOT, first).is_none() => {
            rest.first().map_or(Ok(()), |topic| plugin_instead(&session, topic, raw))?;
            help_topic(&session, rest)
        }
        Some((first, rest)) if first == "__complete" || first == "__completeNoDesc" => {
            offer(face, hooks, rest, first == "__complete")
        }
        Some((first, rest)) => {
            plugin_instead(&session, first, raw)?;
            aliased(&session, first, rest, raw)?;
            walk(session, words)
        }
    }
}

/// Where a command is unknown and a plugin adds it, that takes our place; comes back where there is none.
fn plugin_instead(session: &Session, name: &str, raw: &[OsString]) -> Result<(), Exit> {
    if tree::find(ROOT, name).is_some() {
        return Ok(());
    }
    match plugin::of(session.config(), name) {
        None => Ok(()),
        Some(found) => Err(Exit::failure(plugin::take_over(session, &found.path, raw))),
    }
}

/// `builder` may be another command's name, that of a plugin.
fn aliased(session: &Session, name: &str, rest: &[String], raw: &[OsString]) -> Result<(), Exit> {
    if name != "builder" {
        return Ok(());
    }
    let Some(found) = session.config().aliases.get(name).and_then(|alias| plugin::of(session.config(), alias)) else {
        return Ok(());
    };
    // The name stands in front of all that follows it.
    let at = raw.len() - rest.len() - 1;
    let mut words = raw.to_vec();
    words[at] = (&found.name).into();
    Err(Exit::failure(plugin::take_over(session, &found.path, &words)))
}

/// Tells a shell what may come next; the flags among the words say which daemon is asked.
fn offer(face: Face, hooks: Hooks, words: &[String], descriptions: bool) -> Result<(), Exit> {
    let place = Place::find(words);
    let globals = flag::parse(GLOBAL_FLAGS, true, &place.globals).map(|globals| settings(&globals));
    let session = Session::new(face, hooks, globals.unwrap_or_default());
    if let Some(name) = &place.unknown {
        let request = if descriptions { "__complete" } else { "__completeNoDesc" };
        let raw: Vec<OsString> =
            [request].into_iter().chain(words.iter().map(String::as_str)).map(Into::into).collect();
        plugin_instead(&session, name, &raw)?;
    }
    complete::show(&session, &place, descriptions)
}

fn settings(globals: &Matches) -> Globals {
    let file = |name: &str| globals.changed(name).then(|| globals.str(name).into());
    Globals {
        config: globals.str("config").into(),
        context: globals.str("context").into(),
        hosts: globals.list("host"),
        debug: globals.bool("debug"),
        tls: TlsFlags {
            tls: globals.changed("tls").then(|| globals.bool("tls")),
            verify: globals.changed("tlsverify").then(|| globals.bool("tlsverify")),
            ca: file("tlscacert"),
            cert: file("tlscert"),
            key: file("tlskey"),
        },
    }
}

/// Docker warns on stdout, except at the root.
fn warn(matches: &Matches) -> Result<(), Exit> {
    matches.warnings.iter().try_for_each(|warning| out::line(warning))
}

/// `help` and `help ps`.
fn help_topic(session: &Session, words: &[String]) -> Result<(), Exit> {
    let mut subject = Subject::root(session.face);
    for word in words {
        match subject.child(word) {
            Some(child) => subject = child,
            None => return Err(Exit::failure(format!("unknown help topic: {}", words.join(" ")))),
        }
    }
    help::show(&subject, session)
}

/// Follows `words` down the tree and runs the command found there.
fn walk(session: Rc<Session>, words: &[String]) -> Result<(), Exit> {
    let mut subject = Subject::root(session.face);
    let mut rest = words;
    while let Some((word, tail)) = rest.split_first() {
        if word.starts_with('-') && word.len() > 1 {
            return group_flag(&session, &subject, rest);
        }
        let Some(child) = subject.child(word) else { return unknown(&session, &subject, word, tail) };
        let node = child.node;
        subject = child;
        rest = tail;
        match node.map(|node| &node.body) {
            Some(Body::Command(command)) => return run(session, &subject, command, rest),
            Some(Body::Missing) => return missing(&subject),
            _ => {}
        }
    }
    help::show_beside(&subject, &session);
    Ok(())
}

fn missing(subject: &Subject) -> Result<(), Exit> {
    let program = subject.face.name();
    let command = subject.path.strip_prefix(program).unwrap_or(&subject.path).trim();
    Err(Exit::failure(format!("gantry: '{command}' is not implemented yet")))
}

/// A flag where a group expects a command: only help is known there.
fn group_flag(session: &Session, subject: &Subject, rest: &[String]) -> Result<(), Exit> {
    match flag::parse(&[], true, rest) {
        Err(FlagError::Usage(text)) => Err(help::usage_error(subject, &text)),
        _ => help::show(subject, session),
    }
}

fn unknown(session: &Session, subject: &Subject, word: &str, rest: &[String]) -> Result<(), Exit> {
    let is_root = subject.node.is_none();
    match flag::parse(if is_root { GLOBAL_FLAGS } else { &[] }, true, rest) {
        Err(FlagError::Help { .. }) => return help::show(subject, session),
        Err(FlagError::Usage(text)) => return Err(help::usage_error(subject, &text)),
        Ok(_) => {}
    }
    let (program, path) = (subject.face.name(), &subject.path);
    let usage = if is_root { String::new() } else { format!("Usage:  {path}\n\n") };
    Err(Exit::failure(format!(
        "{program}: unknown command: {path} {word}\n\n{usage}Run '{path} --help' for more information"
    )))
}

fn run(session: Rc<Session>, subject: &Subject, command: &'static Command, args: &[String]) -> Result<(), Exit> {
    let matches = match flag::parse(command.flags, command.interspersed, args) {
        Ok(matches) => matches,
        Err(FlagError::Help { shorthand }) => {
            if shorthand {
                out::line(HELP_SHORTHAND)?;
            }
            return help::show(subject, &session);
        }
        Err(FlagError::Usage(text)) => return Err(help::usage_error(subject, &text)),
    };
    warn(&matches)?;
    if let Err((why, verb)) = command.args.check(matches.positional.len()) {
        let (program, path) = (subject.face.name(), &subject.path);
        return Err(Exit::failure(format!(
            "{program}: '{path}' {why}\n\nUsage:  {path}{}\n\n{verb} '{path} --help' for more information",
            help::arguments(command, subject.face)
        )));
    }
    execute(Invocation { session, matches }, command)
}

/// Runs a command on a runtime of one thread; what still waits for input when it ends is left behind.
fn execute(invocation: Invocation, command: &'static Command) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async move {
        invocation.session.check_support(&invocation.matches).await?;
        (command.run)(invocation).await
    });
    runtime.shutdown_background();
    result
}

/// Used by [`help`] to know what stands below a node.
pub fn children(node: Option<&'static Node>) -> &'static [Node] {
    match node.map(|node| &node.body) {
        None => ROOT,
        Some(Body::Group(nodes)) => nodes,
        Some(_) => &[],
    }
}
