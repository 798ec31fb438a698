//! The command line of runc over our runtime: `gantry-runc`, for engines that drive an OCI runtime.
//!
//! ```text
//!   gantry-runc [GLOBAL FLAGS] COMMAND [FLAGS] [CONTAINER] …
//! ```
//!
//! One file for each command. What a container is between two calls lies in files below `--root` (`store`); the process
//! that made it has gone, and its PID 1 belongs to whoever reaps orphans above. What can run in a container (create, run,
//! exec) runs from a program that nobody inside can write (`seal`).

#![forbid(unsafe_code)]

mod bundle;
mod command;
mod console;
mod container;
mod error;
mod flag;
mod foreground;
mod global;
mod id;
mod image;
mod launch;
mod log;
mod parse;
mod pidfile;
mod preserve;
mod record;
mod seal;
mod signal;
mod store;
mod usage;

use std::ffi::OsString;

use error::Error;
use global::Global;

/// Runs one command. `args` are those behind the program's name.
pub fn main(args: Vec<OsString>) -> u8 {
    let args: Vec<String> = args.into_iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match Global::read(&args) {
        Ok((global, rest)) => finish(run(&global, rest), &global),
        Err(error) => finish(Err(error), &Global::default()),
    }
}

fn run(global: &Global, words: &[String]) -> Result<u8, Error> {
    let Some((name, rest)) = words.split_first().filter(|_| !global.help) else {
        print!("{}", if global.version { usage::version() } else { usage::all() });
        return Ok(0);
    };
    let command = command::find(name)?;
    let parsed = parse::parse(command.flags, rest, command.order)?;
    if parsed.switch("help") {
        print!("{}", usage::of(command));
        return Ok(0);
    }
    if parsed.positional.len() < command.arguments.0 || parsed.positional.len() > command.arguments.1 {
        print!("{}", usage::of(command));
        return Err(Error::new(usage::wrong_count(command)));
    }
    if command.enters {
        seal::ensure(&command::words_of(global))?;
    }
    (command.run)(global, &parsed)
}

fn finish(outcome: Result<u8, Error>, global: &Global) -> u8 {
    outcome.unwrap_or_else(|error| {
        global.log.error(&error.to_string());
        error.code()
    })
}
