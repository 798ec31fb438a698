//! Flags of commands, as tables.

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is on or off.
    Nothing,
    /// One value; the last one counts.
    One,
    /// A value each time it is given.
    Many,
}

/// A flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its name, without dashes.
    pub name: &'static str,
    /// A second name of one letter.
    pub short: Option<&'static str>,
    /// What it takes.
    pub takes: Takes,
    /// What it is for.
    pub help: &'static str,
}

/// A flag that is on or off.
pub const fn switch(name: &'static str, help: &'static str) -> Flag {
    Flag { name, short: None, takes: Takes::Nothing, help }
}

/// A flag with a value.
pub const fn value(name: &'static str, help: &'static str) -> Flag {
    Flag { name, short: None, takes: Takes::One, help }
}

/// A flag that can be given several times.
pub const fn values(name: &'static str, help: &'static str) -> Flag {
    Flag { name, short: None, takes: Takes::Many, help }
}

impl Flag {
    /// The same with a second name.
    pub const fn or(self, short: &'static str) -> Self {
        Self { short: Some(short), ..self }
    }
}

/// Every command has it.
pub const HELP: Flag = switch("help", "show help").or("h");
