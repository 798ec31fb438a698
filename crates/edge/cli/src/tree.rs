//! The tree of commands.

mod list;

use crate::exit::Exit;
use crate::flag::{Flag, Matches};
use crate::session::Session;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

pub use list::ROOT;

/// A running command.
pub type Running = Pin<Box<dyn Future<Output = Result<(), Exit>>>>;

/// What a command is called with.
pub struct Invocation {
    /// The daemon and the configuration.
    pub session: Rc<Session>,
    /// The flags and arguments.
    pub matches: Matches,
}

/// A command that runs.
pub struct Command {
    /// Arguments in the usage line.
    pub usage: &'static str,
    /// One line of description.
    pub about: &'static str,
    /// All its names below the program, the first in its group; empty when it has one name only.
    pub aliases: &'static [&'static str],
    /// How many arguments it takes.
    pub args: Args,
    /// Its flags.
    pub flags: &'static [Flag],
    /// Whether flags may follow arguments.
    pub interspersed: bool,
    /// Runs it.
    pub run: fn(Invocation) -> Running,
}

/// How many positional arguments a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Args {
    /// None.
    None,
    /// This many.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
    /// This many or fewer.
    AtMost(usize),
    /// At least the first number, at most the second.
    Between(usize, usize),
}

impl Args {
    /// What docker says when `count` is wrong: the text after the command's name, and the verb before the last line.
    pub fn check(self, count: usize) -> Result<(), (String, &'static str)> {
        let plural = |n: usize| if n == 1 { "argument" } else { "arguments" };
        match self {
            Args::None if count > 0 => Err(("accepts no arguments".into(), "Run")),
            Args::Exactly(n) if count != n => Err((format!("requires {n} {}", plural(n)), "Run")),
            Args::AtLeast(n) if count < n => Err((format!("requires at least {n} {}", plural(n)), "See")),
            Args::AtMost(n) if count > n => Err((format!("requires at most {n} {}", plural(n)), "Run")),
            Args::Between(least, most) if count < least || count > most => {
                Err((format!("requires at least {least} and at most {most} {}", plural(most)), "Run"))
            }
            _ => Ok(()),
        }
    }
}

/// Where a command stands in the root's help.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The everyday ones.
    Common,
    /// Groups of commands.
    Management,
    /// Those of the swarm.
    Swarm,
    /// All others.
    Other,
}

/// Which nodes of a swarm have a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any node, in a swarm or not.
    Nothing,
    /// Members of a swarm.
    Member,
    /// Managers.
    Manager,
}

/// What stands behind a name.
pub enum Body {
    /// A command.
    Command(&'static Command),
    /// A group of commands.
    Group(&'static [Node]),
    /// One of docker's commands that does not work here yet.
    Missing,
}

/// A name in the tree.
pub struct Node {
    /// The name.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What lists say about it.
    pub about: &'static str,
    /// Where it stands in the root's help.
    pub group: Group,
    /// Lowest API version of the daemon that has it.
    pub since: Option<(u16, u16)>,
    /// Only for daemons in experimental mode.
    pub experimental: bool,
    /// Not in lists.
    pub hidden: bool,
    /// Which nodes of a swarm have it.
    pub swarm: Needs,
    /// What stands behind it.
    pub body: Body,
}

impl Node {
    const fn new(name: &'static str, about: &'static str, group: Group, body: Body) -> Node {
        Node {
            name,
            aliases: &[],
            about,
            group,
            since: None,
            experimental: false,
            hidden: false,
            swarm: Needs::Nothing,
            body,
        }
    }

    /// A command.
    pub const fn command(name: &'static str, command: &'static Command) -> Node {
        Node::new(name, command.about, Group::Other, Body::Command(command))
    }

    /// A group.
    pub const fn group(name: &'static str, about: &'static str, nodes: &'static [Node]) -> Node {
        Node::new(name, about, Group::Management, Body::Group(nodes))
    }

    /// A command of docker's that is not there yet.
    pub const fn missing(name: &'static str, about: &'static str) -> Node {
        Node::new(name, about, Group::Other, Body::Missing)
    }

    /// With words for lists that differ from the command's own.
    pub const fn about(mut self, about: &'static str) -> Node {
        self.about = about;
        self
    }

    /// With other names.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Node {
        self.aliases = aliases;
        self
    }

    /// In another part of the root's help.
    pub const fn part(mut self, group: Group) -> Node {
        self.group = group;
        self
    }

    /// For daemons of this API version and newer.
    pub const fn since(mut self, major: u16, minor: u16) -> Node {
        self.since = Some((major, minor));
        self
    }

    /// For these nodes of a swarm.
    pub const fn swarm(mut self, swarm: Needs) -> Node {
        self.swarm = swarm;
        self
    }

    /// For daemons in experimental mode.
    pub const fn experimental(mut self) -> Node {
        self.experimental = true;
        self
    }

    /// For programs, not for people: left out of lists.
    pub const fn hidden(mut self) -> Node {
        self.hidden = true;
        self
    }

    /// Whether `name` means this node.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The node of `nodes` with this name.
pub fn find(nodes: &'static [Node], name: &str) -> Option<&'static Node> {
    nodes.iter().find(|node| node.is_called(name))
}
