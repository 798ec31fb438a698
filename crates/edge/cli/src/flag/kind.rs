//! The types a flag's value can have.

/// What a flag takes; decides the word in the help, the default shown, and the check when it is read.
#[derive(Clone, Copy)]
pub enum Kind {
    /// No value, or `=true` and `=false`.
    Bool,
    /// Any text.
    Str,
    /// A signed number of 64 bits.
    Int,
    /// An unsigned number of this many bits; 64 is printed as `uint`.
    Uint(u32),
    /// A Go duration; `0s` when absent.
    Duration,
    /// May be given many times; each value is kept.
    List,
    /// May be given many times and separated by commas.
    Strings,
    /// Checked by a function; once only.
    Checked(&'static str, fn(&str) -> Result<(), String>),
    /// Checked by a function; may be given many times. The first text is the type's name in the help.
    CheckedList(&'static str, fn(&str) -> Result<(), String>),
}

impl Kind {
    /// The word after the flag's name in the help.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bool => "",
            Kind::Str => "string",
            Kind::Int => "int",
            Kind::Uint(16) => "uint16",
            Kind::Uint(_) => "uint",
            Kind::Duration => "duration",
            Kind::List => "list",
            Kind::Strings => "strings",
            Kind::Checked(name, _) | Kind::CheckedList(name, _) => name,
        }
    }

    /// Whether values add up instead of replacing one another.
    pub fn is_list(self) -> bool {
        matches!(self, Kind::List | Kind::Strings | Kind::CheckedList(..))
    }

    /// Checks one value; the error is the text after the flag's name.
    pub fn check(self, value: &str) -> Result<(), String> {
        match self {
            Kind::Bool => human::parse_bool(value).map(drop),
            Kind::Int => human::parse_int(value, 0, 64).map(drop),
            Kind::Uint(bits) => human::parse_uint(value, 0, bits).map(drop),
            Kind::Duration => human::GoDuration::parse(value).map(drop).map_err(|error| error.to_string()),
            Kind::Checked(_, check) | Kind::CheckedList(_, check) => check(value),
            Kind::Str | Kind::List | Kind::Strings => Ok(()),
        }
    }
}
