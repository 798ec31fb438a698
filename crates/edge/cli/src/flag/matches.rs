//! What a command line said.

use super::{Flag, Kind};

/// The values of a command's flags and its positional arguments, already checked.
#[derive(Clone)]
pub struct Matches {
    flags: &'static [Flag],
    values: Vec<(&'static str, String)>,
    /// Arguments that are not flags, in order.
    pub positional: Vec<String>,
    /// Lines to print on stderr before the command runs.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for Matches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matches").field("values", &self.values).field("positional", &self.positional).finish()
    }
}

impl PartialEq for Matches {
    fn eq(&self, other: &Matches) -> bool {
        self.values == other.values && self.positional == other.positional
    }
}

impl Eq for Matches {}

impl Matches {
    pub(super) fn new(flags: &'static [Flag]) -> Matches {
        Matches { flags, values: Vec::new(), positional: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn flags(&self) -> &'static [Flag] {
        self.flags
    }

    pub(super) fn set(&mut self, flag: &'static Flag, value: String) {
        let name = if flag.alias_of.is_empty() { flag.long } else { flag.alias_of };
        if !flag.kind.is_list() {
            self.values.retain(|(known, _)| *known != name);
        }
        self.values.push((name, value));
    }

    fn spec(&self, name: &str) -> &'static Flag {
        match self.flags.iter().find(|flag| flag.long == name) {
            Some(flag) => flag,
            // A misspelt name is a mistake in this program, found by the first test that runs the command.
            None => panic!("the command has no flag --{name}"),
        }
    }

    fn last(&self, name: &str) -> &str {
        let spec = self.spec(name);
        self.values.iter().rev().find(|(known, _)| *known == name).map_or(spec.default, |(_, value)| value)
    }

    /// Whether the command has this flag.
    pub fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.long == name)
    }

    /// Whether the flag was given at all.
    pub fn changed(&self, name: &str) -> bool {
        self.spec(name);
        self.values.iter().any(|(known, _)| *known == name)
    }

    /// The flags that were given, by long name.
    pub fn given(&self) -> impl Iterator<Item = &'static Flag> {
        let values = self.values.clone();
        self.flags.iter().filter(move |flag| values.iter().any(|(known, _)| *known == flag.long))
    }

    /// A text, or its default.
    pub fn str(&self, name: &str) -> &str {
        self.last(name)
    }

    /// A text, `None` when the flag is absent or empty.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.last(name).to_string()).filter(|value| !value.is_empty())
    }

    /// A boolean.
    pub fn bool(&self, name: &str) -> bool {
        human::parse_bool(self.last(name)).unwrap_or(false)
    }

    /// A number.
    pub fn int(&self, name: &str) -> i64 {
        human::parse_int(self.last(name), 0, 64).unwrap_or(0)
    }

    /// An unsigned number.
    pub fn uint(&self, name: &str) -> u64 {
        human::parse_uint(self.last(name), 0, 64).unwrap_or(0)
    }

    /// A span of time in nanoseconds.
    pub fn duration(&self, name: &str) -> i64 {
        human::GoDuration::parse(self.last(name)).map_or(0, |span| span.0)
    }

    /// A size in bytes, with binary units.
    pub fn bytes(&self, name: &str) -> i64 {
        human::parse_binary_size(self.last(name)).unwrap_or(0)
    }

    /// All values of a list, in the order given.
    pub fn list(&self, name: &str) -> Vec<String> {
        let spec = self.spec(name);
        let given = self.values.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone());
        match spec.kind {
            Kind::Strings => given.flat_map(|value| value.split(',').map(String::from).collect::<Vec<_>>()).collect(),
            _ => given.collect(),
        }
    }
}
