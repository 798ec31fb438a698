//! Reading a command line by the rules of `pflag`.

use super::{Flag, Kind, Matches};
use human::quote;
use std::fmt;

/// Why a command line was refused, or that help was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum FlagError {
    /// `--help`, or the deprecated `-h`.
    Help {
        /// `-h` was used: docker warns about it except at the root.
        shorthand: bool,
    },
    /// Anything else; the text is docker's.
    Usage(String),
}

impl fmt::Display for FlagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlagError::Help { .. } => f.write_str("pflag: help requested"),
            FlagError::Usage(text) => f.write_str(text),
        }
    }
}

fn usage<T>(text: String) -> Result<T, FlagError> {
    Err(FlagError::Usage(text))
}

/// Reads `args` against `flags`. When not `interspersed`, everything from the first positional argument on is
/// positional, as `run` and `exec` need it.
pub fn parse(flags: &'static [Flag], interspersed: bool, args: &[String]) -> Result<Matches, FlagError> {
    let mut matches = Matches::new(flags);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            matches.positional.extend(rest.cloned());
            break;
        }
        if let Some(long) = arg.strip_prefix("--") {
            take_long(&mut matches, arg, long, &mut rest)?;
        } else if arg.len() > 1 && arg.starts_with('-') {
            take_short(&mut matches, arg, &mut rest)?;
        } else {
            matches.positional.push(arg.clone());
            if !interspersed {
                matches.positional.extend(rest.cloned());
                break;
            }
        }
    }
    Ok(matches)
}

type Rest<'a> = std::slice::Iter<'a, String>;

fn take_long(matches: &mut Matches, arg: &str, long: &str, rest: &mut Rest) -> Result<(), FlagError> {
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (long, None),
    };
    if name.is_empty() || name.starts_with('-') {
        return usage(format!("bad flag syntax: {arg}"));
    }
    let Some(flag) = matches.flags().iter().find(|flag| flag.long == name) else {
        return match (name, value) {
            ("help", Some(value)) => help_value(value),
            ("help", None) => Err(FlagError::Help { shorthand: false }),
            _ => usage(format!("unknown flag: --{name}")),
        };
    };
    let value = match (value, flag.kind) {
        (Some(value), _) => value.to_string(),
        (None, Kind::Bool) => "true".into(),
        (None, _) => match rest.next() {
            Some(next) => next.clone(),
            None => return usage(format!("flag needs an argument: {arg}")),
        },
    };
    set(matches, flag, value)
}

fn help_value(value: &str) -> Result<(), FlagError> {
    match human::parse_bool(value) {
        Ok(true) => Err(FlagError::Help { shorthand: false }),
        Ok(false) => Ok(()),
        Err(error) => usage(invalid(value, "-h, --help", &error)),
    }
}

fn take_short(matches: &mut Matches, arg: &str, rest: &mut Rest) -> Result<(), FlagError> {
    let mut letters = &arg[1..];
    while let Some(letter) = letters.chars().next() {
        let tail = &letters[letter.len_utf8()..];
        let Some(flag) = matches.flags().iter().find(|flag| flag.short == Some(letter)) else {
            return match letter {
                'h' => Err(FlagError::Help { shorthand: true }),
                _ => usage(format!("unknown shorthand flag: {} in -{letters}", quote_char(letter))),
            };
        };
        let value = if let Some(value) = tail.strip_prefix('=').filter(|_| tail.len() > 1) {
            value.to_string()
        } else if matches!(flag.kind, Kind::Bool) {
            set(matches, flag, "true".into())?;
            letters = tail;
            continue;
        } else if !tail.is_empty() {
            tail.to_string()
        } else if let Some(next) = rest.next() {
            next.clone()
        } else {
            return usage(format!("flag needs an argument: {} in -{letters}", quote_char(letter)));
        };
        return set(matches, flag, value);
    }
    Ok(())
}

fn quote_char(letter: char) -> String {
    let quoted = quote(&letter.to_string());
    format!("'{}'", &quoted[1..quoted.len() - 1])
}

fn invalid(value: &str, flag: &str, error: &str) -> String {
    format!("invalid argument {} for {} flag: {error}", quote(value), quote(flag))
}

fn set(matches: &mut Matches, flag: &'static Flag, value: String) -> Result<(), FlagError> {
    flag.kind.check(&value).or_else(|error| usage(invalid(&value, &flag.display(), &error)))?;
    if !flag.deprecated.is_empty() {
        matches.warnings.push(format!("Flag --{} has been deprecated, {}", flag.long, flag.deprecated));
    }
    matches.set(flag, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag::new("tty", Kind::Bool, "").short('t'),
        Flag::new("interactive", Kind::Bool, "").short('i'),
        Flag::new("env", Kind::List, "").short('e'),
        Flag::new("name", Kind::Str, ""),
        Flag::new("last", Kind::Int, "").short('n').default("-1"),
        Flag::new("network", Kind::List, ""),
        Flag::alias("net", Kind::List, "network"),
        Flag::new("time", Kind::Int, "").deprecated("use --timeout instead"),
    ];

    fn read(interspersed: bool, args: &[&str]) -> Result<Matches, FlagError> {
        parse(FLAGS, interspersed, &args.iter().map(|arg| arg.to_string()).collect::<Vec<_>>())
    }

    fn refusal(args: &[&str]) -> String {
        read(false, args).unwrap_err().to_string()
    }

    #[test]
    fn bundles_and_attached_values() {
        let matches = read(false, &["-itea=b", "-e", "c", "-e=d", "--name=x", "--tty=false", "image", "-t"]).unwrap();
        assert!(matches.bool("interactive"));
        assert!(!matches.bool("tty"));
        assert_eq!(matches.list("env"), ["a=b", "c", "d"]);
        assert_eq!(matches.str("name"), "x");
        assert_eq!(matches.positional, ["image", "-t"]);
    }

    #[test]
    fn flags_may_follow_positionals_where_allowed() {
        let matches = read(true, &["a", "-t", "-", "--", "-i"]).unwrap();
        assert!(matches.bool("tty"));
        assert_eq!(matches.positional, ["a", "-", "-i"]);
    }

    #[test]
    fn aliases_count_for_the_flag_they_name() {
        assert_eq!(read(true, &["--net", "a", "--network", "b"]).unwrap().list("network"), ["a", "b"]);
    }

    #[test]
    fn refusals_have_pflags_words() {
        assert_eq!(refusal(&["--nope"]), "unknown flag: --nope");
        assert_eq!(refusal(&["--nope=1"]), "unknown flag: --nope");
        assert_eq!(refusal(&["-tz"]), "unknown shorthand flag: 'z' in -z");
        assert_eq!(refusal(&["-zt"]), "unknown shorthand flag: 'z' in -zt");
        assert_eq!(refusal(&["--name"]), "flag needs an argument: --name");
        assert_eq!(refusal(&["-e"]), "flag needs an argument: 'e' in -e");
        assert_eq!(refusal(&["--=x"]), "bad flag syntax: --=x");
        assert_eq!(
            refusal(&["-n", "x"]),
            r#"invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax"#
        );
        assert_eq!(
            refusal(&["-it=x"]),
            r#"invalid argument "x" for "-t, --tty" flag: strconv.ParseBool: parsing "x": invalid syntax"#
        );
    }

    #[test]
    fn help_and_deprecated_flags() {
        assert_eq!(read(true, &["--help"]).unwrap_err(), FlagError::Help { shorthand: false });
        assert_eq!(read(true, &["-h"]).unwrap_err(), FlagError::Help { shorthand: true });
        assert!(read(true, &["--help=false"]).is_ok());
        assert_eq!(
            read(true, &["--time", "3"]).unwrap().warnings,
            ["Flag --time has been deprecated, use --timeout instead"]
        );
    }
}
