//! Reads the words of a command line, in the ways of runc's.

use crate::error::Error;
use crate::flag::{Flag, HELP, Takes};

/// Where flags may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Anywhere before `--`.
    Any,
    /// Before the first word that is none: what follows belongs to somebody else.
    First,
}

/// What was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    values: Vec<(&'static str, String)>,
    /// The words that are no flags.
    pub positional: Vec<String>,
}

impl Parsed {
    /// The last value of a flag.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The same where an empty one counts as none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// All values of a flag.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on.
    pub fn switch(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }

    /// A number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        let read = |text: &str| {
            text.parse().map_err(|_| Error::new(format!("invalid value {text:?} for flag -{name}: no number in range")))
        };
        self.value(name).map(read).transpose()
    }

    /// The first word.
    pub fn id(&self) -> &str {
        self.positional.first().map_or("", String::as_str)
    }
}

/// Reads words by a table of flags.
pub fn parse(flags: &[Flag], words: &[String], order: Order) -> Result<Parsed, Error> {
    let mut parsed = Parsed::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            parsed.positional.extend(words.by_ref().cloned());
        } else if let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) {
            one(&mut parsed, flags, flag.strip_prefix('-').unwrap_or(flag), &mut words)?;
        } else {
            parsed.positional.push(word.clone());
            if order == Order::First {
                parsed.positional.extend(words.by_ref().cloned());
            }
        }
    }
    Ok(parsed)
}

fn one<'w>(
    parsed: &mut Parsed,
    flags: &[Flag],
    word: &str,
    words: &mut impl Iterator<Item = &'w String>,
) -> Result<(), Error> {
    let (name, given) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value.to_owned())));
    let known = |flag: &&Flag| flag.name == name || flag.short == Some(name);
    let flag = flags.iter().chain([&HELP]).find(known);
    let flag = flag.ok_or_else(|| Error::new(format!("flag provided but not defined: -{name}")))?;
    let value = match (flag.takes, given) {
        (Takes::Nothing, None) => "true".to_owned(),
        (Takes::Nothing, Some(text)) => match human::parse_bool(&text) {
            Ok(on) => on.to_string(),
            Err(_) => return Err(Error::new(format!("invalid boolean value {text:?} for -{name}"))),
        },
        (_, Some(text)) => text,
        (_, None) => words.next().cloned().ok_or_else(|| Error::new(format!("flag needs an argument: -{name}")))?,
    };
    parsed.values.push((flag.name, value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::{switch, value, values};

    const FLAGS: &[Flag] = &[switch("detach", "").or("d"), value("bundle", "").or("b"), values("env", "").or("e")];

    fn read(words: &[&str], order: Order) -> Result<Parsed, Error> {
        parse(FLAGS, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), order)
    }

    #[test]
    fn flags_come_in_all_forms_and_places() {
        let parsed = read(&["-b", "/x", "id", "--detach", "-e=A=1", "--env", "B", "--", "-d"], Order::Any).unwrap();
        assert_eq!((parsed.value("bundle"), parsed.switch("detach"), parsed.id()), (Some("/x"), true, "id"));
        assert_eq!(parsed.all("env").collect::<Vec<_>>(), ["A=1", "B"]);
        assert_eq!(parsed.positional, ["id", "-d"]);
        let parsed = read(&["-d=false", "id", "ls", "-b"], Order::First).unwrap();
        assert_eq!((parsed.switch("detach"), parsed.positional.len()), (false, 3));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |words: &[&str]| read(words, Order::Any).unwrap_err().to_string();
        assert_eq!(error(&["--nope"]), "flag provided but not defined: -nope");
        assert_eq!(error(&["--bundle"]), "flag needs an argument: -bundle");
        assert_eq!(error(&["--detach=x"]), "invalid boolean value \"x\" for -detach");
    }
}
