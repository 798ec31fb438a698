//! Where on the command line the cursor is.

use crate::app::GLOBAL_FLAGS;
use crate::flag::{Flag, Kind};
use crate::tree::{Body, Node, ROOT, find};

/// The place of the cursor, and what stands before it.
pub struct Place {
    /// What has been typed of the word; behind `=` where that is a flag's.
    pub prefix: String,
    /// The command's path, without the program.
    pub path: String,
    /// Whether it is the program itself whose commands are wanted.
    pub is_root: bool,
    /// The command's arguments so far.
    pub arguments: Vec<String>,
    /// The command's flags so far.
    pub given: Vec<&'static str>,
    /// The program's own flags, as typed.
    pub globals: Vec<String>,
    /// A command that is not in the tree.
    pub unknown: Option<String>,
    /// What may stand there.
    pub(super) spot: Spot,
}

/// What may stand in a place.
pub(super) enum Spot {
    /// Nothing that we know.
    Nowhere,
    /// One of these commands.
    Nodes(&'static [Node]),
    /// One of these flags.
    Flags(&'static [Flag]),
    /// A value of this flag.
    Value(&'static Flag),
    /// An argument of the command.
    Argument,
}

/// How far the words have led.
struct Walk {
    nodes: Option<&'static [Node]>,
    flags: &'static [Flag],
    /// Whether flags may follow.
    open: bool,
    interspersed: bool,
}

impl Place {
    /// Finds the place at the end of `words`, the last of which is the one that is being typed.
    pub fn find(words: &[String]) -> Place {
        let (prefix, before) = words.split_last().map_or((String::new(), &[][..]), |(last, rest)| (last.clone(), rest));
        let mut place = Place {
            prefix,
            path: String::new(),
            is_root: true,
            arguments: Vec::new(),
            given: Vec::new(),
            globals: Vec::new(),
            unknown: None,
            spot: Spot::Nowhere,
        };
        let mut walk = Walk { nodes: Some(ROOT), flags: GLOBAL_FLAGS, open: true, interspersed: false };
        let mut rest = before.iter();
        while let Some(word) = rest.next() {
            if !walk.open || !word.starts_with('-') || word == "-" {
                if !place.descend(&mut walk, word) {
                    return place;
                }
                continue;
            }
            if word == "--" {
                walk.open = false;
                continue;
            }
            let Some((flag, value)) = flag_of(walk.flags, word) else { return place };
            place.note(word);
            place.given.push(flag.long);
            if value.is_some() || matches!(flag.kind, Kind::Bool) {
                continue;
            }
            match rest.next() {
                Some(value) => place.note(value),
                None => {
                    place.spot = Spot::Value(flag);
                    return place;
                }
            }
        }
        place.arrive(&walk);
        place
    }

    /// Remembers a word of the program's own flags.
    fn note(&mut self, word: &str) {
        if self.is_root && self.path.is_empty() {
            self.globals.push(word.to_owned());
        }
    }

    /// Takes a command's name or an argument; whether it leads anywhere.
    fn descend(&mut self, walk: &mut Walk, word: &str) -> bool {
        let Some(nodes) = walk.nodes else {
            self.arguments.push(word.to_owned());
            walk.open &= walk.interspersed;
            return true;
        };
        let Some(node) = find(nodes, word) else {
            self.unknown = Some(word.to_owned()).filter(|_| self.is_root);
            return false;
        };
        self.path = format!("{} {}", self.path, node.name).trim().to_owned();
        (self.is_root, walk.flags) = (false, &[]);
        self.given.clear();
        match node.body {
            Body::Group(nodes) => walk.nodes = Some(nodes),
            Body::Missing => return false,
            Body::Command(command) => {
                (walk.nodes, walk.flags, walk.interspersed) = (None, command.flags, command.interspersed);
            }
        }
        true
    }

    fn arrive(&mut self, walk: &Walk) {
        self.spot = match (walk.nodes, walk.open && self.prefix.starts_with('-')) {
            (_, true) => match flag_of(walk.flags, &self.prefix) {
                Some((flag, Some(value))) if self.prefix.contains('=') => {
                    self.prefix = value;
                    Spot::Value(flag)
                }
                _ => Spot::Flags(walk.flags),
            },
            (Some(nodes), false) => Spot::Nodes(nodes),
            (None, false) => Spot::Argument,
        };
    }
}

/// The flag that a word ends with, and the value that is in the word.
fn flag_of(flags: &'static [Flag], word: &str) -> Option<(&'static Flag, Option<String>)> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
        return Some((flags.iter().find(|flag| flag.long == name)?, value));
    }
    let mut letters = word[1..].chars();
    while let Some(letter) = letters.next() {
        let flag = flags.iter().find(|flag| flag.short == Some(letter))?;
        let rest = letters.as_str();
        if rest.is_empty() || !matches!(flag.kind, Kind::Bool) {
            let value = rest.strip_prefix('=').unwrap_or(rest);
            return Some((flag, Some(value.to_owned()).filter(|_| !rest.is_empty())));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], expected: &str) {
        let place = Place::find(&words.iter().map(|word| word.to_string()).collect::<Vec<_>>());
        let spot = match place.spot {
            Spot::Nowhere => "nowhere".to_owned(),
            Spot::Nodes(nodes) => format!("commands from {}", nodes[0].name),
            Spot::Flags(flags) => format!("flags from {}", flags.first().map_or("none", |flag| flag.long)),
            Spot::Value(flag) => format!("value of {}", flag.long),
            Spot::Argument => format!("argument {} of {}", place.arguments.len(), place.path),
        };
        assert_eq!(format!("{spot}: {}", place.prefix), expected, "{words:?}");
    }

    #[test]
    fn the_place_is_found() {
        check(&["ru"], "commands from run: ru");
        check(&["-H", "unix:///x", "context", ""], "commands from create: ");
        check(&["-"], "flags from config: -");
        check(&["--log-level", "d"], "value of log-level: d");
        check(&["--log-level=d"], "value of log-level: d");
        check(&["rm", "-f", "a", ""], "argument 1 of rm: ");
        check(&["run", "--rm", "-it", "--network", ""], "value of network: ");
        check(&["run", "image", "--rm", ""], "argument 2 of run: ");
        check(&["run", "image", "--r"], "argument 1 of run: --r");
        check(&["ps", "--", "--f"], "argument 0 of ps: --f");
        for words in [&["nosuch", ""][..], &["ps", "--nosuch", ""], &["swarm", "init", ""], &["-Z", ""]] {
            check(words, "nowhere: ");
        }
    }
}
