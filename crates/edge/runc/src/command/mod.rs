//! The commands, one file for each.

mod checkpoint;
mod create;
mod delete;
mod events;
mod exec;
mod features;
mod kill;
mod list;
mod pause;
mod ps;
mod restore;
mod resume;
mod run;
mod spec;
mod start;
mod state;
mod update;

use crate::error::Error;
use crate::flag::Flag;
use crate::global::Global;
use crate::parse::{Order, Parsed};

/// Any number of arguments.
const MANY: usize = usize::MAX;

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// Its flags.
    pub flags: &'static [Flag],
    /// Where they may stand.
    pub order: Order,
    /// How many arguments it takes, from and to.
    pub arguments: (usize, usize),
    /// Whether its process, or a child of it, enters a container.
    pub enters: bool,
    /// Does it; gives the exit code.
    pub run: fn(&Global, &Parsed) -> Result<u8, Error>,
}

/// A command about one container, by its id.
const ONE: Command = Command {
    name: "",
    about: "",
    usage: "<container-id>",
    flags: &[],
    order: Order::Any,
    arguments: (1, 1),
    enters: false,
    run: |_, _| Ok(0),
};

/// All commands, in the order of the help.
pub const ALL: &[Command] = &[
    checkpoint::COMMAND,
    create::COMMAND,
    delete::COMMAND,
    events::COMMAND,
    exec::COMMAND,
    features::COMMAND,
    kill::COMMAND,
    list::COMMAND,
    pause::COMMAND,
    ps::COMMAND,
    restore::COMMAND,
    resume::COMMAND,
    run::COMMAND,
    spec::COMMAND,
    start::COMMAND,
    state::COMMAND,
    update::COMMAND,
];

/// Finds a command by its name.
pub fn find(name: &str) -> Result<&'static Command, Error> {
    let found = ALL.iter().find(|command| command.name == name);
    found.ok_or_else(|| Error::new(format!("No help topic for '{name}'")))
}

/// The words of the command line, for a second start of the program.
pub fn words_of(global: &Global) -> Vec<String> {
    global.words.clone()
}
