//! The daemon's options: dockerd's command line and `daemon.json`, merged into one set of values.
//!
//! Which options there are is the table in `flags.rs`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::flags::{Flag, Kind, Meaning, TABLE};

/// What was asked, by flag. Lists keep their order.
#[derive(Debug, Default)]
pub struct Values {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Values {
    /// The last value given.
    pub fn text(&self, flag: &str) -> Option<&str> {
        self.values.get(flag)?.last().map(String::as_str)
    }

    /// All values given.
    pub fn list(&self, flag: &str) -> &[String] {
        self.values.get(flag).map_or(&[], Vec::as_slice)
    }

    /// Whether a switch is on; `default` where it was not given.
    pub fn switch(&self, flag: &str, default: bool) -> bool {
        self.text(flag).map_or(default, |value| value == "true")
    }

    /// Whether a value was given at all.
    pub fn has(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }

    /// The options whose values differ.
    pub fn difference(&self, other: &Self) -> Vec<&'static str> {
        let flags = TABLE.iter().map(|option| option.flag);
        flags.filter(|flag| self.values.get(flag) != other.values.get(flag)).collect()
    }

    /// Notes for the log: what was given and has no meaning here.
    pub fn notes(&self) -> Vec<String> {
        TABLE
            .iter()
            .filter(|option| self.values.contains_key(option.flag))
            .filter_map(|option| match option.meaning {
                Meaning::Noted(why) => Some(format!("option --{} is accepted and has no effect: {why}", option.flag)),
                _ => None,
            })
            .collect()
    }

    /// The first option that was given and is not there yet. A switch that is off asks for nothing.
    fn missing(&self) -> Option<&'static Flag> {
        TABLE.iter().find(|option| {
            option.meaning == Meaning::Missing
                && self
                    .values
                    .get(option.flag)
                    .is_some_and(|given| given.iter().any(|v| !(option.kind == Kind::Bool && v == "false")))
        })
    }

    /// Adds what the command line did not give from the text of a `daemon.json`.
    ///
    /// As dockerd does: an unknown key is an error, and so is one that is given in both places.
    pub fn merge_file(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Ok(());
        }
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Value::Object(file) = file else { return Err("the configuration is not a JSON object".into()) };
        let mut unknown = Vec::new();
        let mut twice = Vec::new();
        for (key, value) in &file {
            match TABLE.iter().find(|option| option.key == key && !key.is_empty()) {
                None => unknown.push(key.as_str()),
                Some(option) if self.values.contains_key(option.flag) => {
                    twice.push(format!("{key}: (from flag: {:?}, from file: {value})", self.list(option.flag)));
                }
                Some(option) => {
                    self.values.insert(option.flag, file_values(option, value)?);
                }
            }
        }
        if !unknown.is_empty() {
            return Err(format!(
                "the following directives don't match any configuration option: {}",
                unknown.join(", ")
            ));
        }
        if !twice.is_empty() {
            return Err(format!(
                "the following directives are specified both as a flag and in the configuration file: {}",
                twice.join(", ")
            ));
        }
        Ok(())
    }

    /// Refuses what is not there yet.
    pub fn check(&self) -> Result<(), String> {
        match self.missing() {
            Some(option) => Err(format!("option --{} is not implemented yet", option.flag)),
            None => Ok(()),
        }
    }
}

fn file_values(option: &Flag, value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("configuration key `{}`: unexpected value {value}", option.key);
    match (option.kind, value) {
        (Kind::Bool, Value::Bool(on)) => Ok(vec![on.to_string()]),
        (Kind::Text, Value::String(text)) => Ok(vec![text.clone()]),
        (Kind::Text, Value::Number(number)) => Ok(vec![number.to_string()]),
        (Kind::List, Value::Array(items)) => {
            items.iter().map(|item| Ok(item.as_str().map_or_else(|| item.to_string(), str::to_owned))).collect()
        }
        // `runtimes` and `default-ulimits` are lists on the command line and objects in the file.
        (Kind::List | Kind::Map, Value::Object(items)) => Ok(items
            .iter()
            .map(|(key, item)| format!("{key}={}", item.as_str().map_or_else(|| item.to_string(), str::to_owned)))
            .collect()),
        _ => Err(wrong()),
    }
}

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Run with these values.
    Run(Values),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// Reads dockerd's command line, as its flag library does: `--flag value`, `--flag=value`, `-Hvalue`, switches bundled.
pub fn parse(args: &[String]) -> Result<Request, String> {
    let mut values = Values::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--help" || arg == "-h" {
            return Ok(Request::Help);
        }
        if arg == "--version" || arg == "-v" {
            return Ok(Request::Version);
        }
        if let Some(long) = arg.strip_prefix("--") {
            parse_long(long, &mut rest, &mut values)?;
        } else if let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            parse_short(letters, &mut rest, &mut values)?;
        } else {
            return Err(format!(
                "\"dockerd\" accepts no arguments.\nSee 'dockerd --help'.\n\nunexpected argument: {arg}"
            ));
        }
    }
    Ok(Request::Run(values))
}

fn parse_long(long: &str, rest: &mut std::slice::Iter<'_, String>, values: &mut Values) -> Result<(), String> {
    let (name, given) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
    let option = TABLE.iter().find(|option| option.flag == name).ok_or_else(|| format!("unknown flag: --{name}"))?;
    let value = match (option.kind, given) {
        (Kind::Bool, given) => switch_value(option.flag, given)?,
        (_, Some(value)) => value,
        (_, None) => rest.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?,
    };
    store(option, value, values)
}

fn parse_short(letters: &str, rest: &mut std::slice::Iter<'_, String>, values: &mut Values) -> Result<(), String> {
    for (at, letter) in letters.char_indices() {
        let unknown = || format!("unknown shorthand flag: '{letter}' in -{letters}");
        let option = TABLE.iter().find(|option| option.short == Some(letter)).ok_or_else(unknown)?;
        if option.kind == Kind::Bool {
            store(option, "true".into(), values)?;
            continue;
        }
        let attached = letters[at + letter.len_utf8()..].trim_start_matches('=');
        let value = if attached.is_empty() {
            rest.next().cloned().ok_or_else(|| format!("flag needs an argument: '{letter}' in -{letters}"))?
        } else {
            attached.to_owned()
        };
        return store(option, value, values);
    }
    Ok(())
}

/// Go's `strconv.ParseBool`.
fn switch_value(flag: &str, given: Option<String>) -> Result<String, String> {
    match given.as_deref() {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok("true".into()),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok("false".into()),
        Some(other) => Err(format!(
            "invalid argument {other:?} for \"--{flag}\" flag: strconv.ParseBool: parsing {other:?}: invalid syntax"
        )),
    }
}

fn store(option: &'static Flag, value: String, values: &mut Values) -> Result<(), String> {
    if option.kind == Kind::Map && !value.contains('=') {
        return Err(format!("invalid argument {value:?} for \"--{}\" flag: expected key=value", option.flag));
    }
    let given = values.values.entry(option.flag).or_default();
    if matches!(option.kind, Kind::Bool | Kind::Text) {
        given.clear();
    }
    given.push(value);
    Ok(())
}

/// The help text.
pub fn help(program: &str) -> String {
    let mut text = format!("\nUsage:  {program} [OPTIONS]\n\nA self-sufficient runtime for containers.\n\nOptions:\n");
    for option in TABLE.iter().filter(|option| option.meaning != Meaning::Missing) {
        let letter = option.short.map_or("    ".to_owned(), |letter| format!("-{letter}, "));
        let value = match option.kind {
            Kind::Bool => "",
            Kind::Text => " string",
            Kind::List => " list",
            Kind::Map => " map",
        };
        let flag = format!("{letter}--{}{value}", option.flag);
        text.push_str(&format!("  {flag:<40}{}\n", option.help));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Values, String> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        match parse(&args)? {
            Request::Run(values) => Ok(values),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn flags_are_read_in_all_their_forms() {
        let values =
            run(&["-D", "-H", "unix:///a", "-Hunix:///b", "--data-root=/d", "--icc=false", "-p", "/pid"]).unwrap();
        assert!(values.switch("debug", false));
        assert_eq!(values.list("host"), ["unix:///a", "unix:///b"]);
        assert_eq!(values.text("data-root"), Some("/d"));
        assert!(!values.switch("icc", true));
        assert_eq!(values.text("pidfile"), Some("/pid"));
    }

    #[test]
    fn wrong_command_lines_are_refused() {
        for (args, error) in [
            (&["--nonsense"][..], "unknown flag: --nonsense"),
            (&["-Z"], "unknown shorthand flag: 'Z' in -Z"),
            (&["--data-root"], "flag needs an argument: --data-root"),
            (
                &["--icc=maybe"],
                "invalid argument \"maybe\" for \"--icc\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (&["--log-opt", "max-size"], "invalid argument \"max-size\" for \"--log-opt\" flag: expected key=value"),
        ] {
            assert_eq!(run(args).unwrap_err(), error);
        }
        assert!(run(&["what"]).unwrap_err().contains("accepts no arguments"));
    }

    #[test]
    fn the_file_adds_and_never_contradicts() {
        let mut values = run(&["--bip", "10.0.0.1/24"]).unwrap();
        values
            .merge_file("\u{feff}{\"debug\":true,\"hosts\":[\"unix:///a\"],\"log-opts\":{\"max-size\":\"1m\"}}")
            .unwrap();
        assert!(values.switch("debug", false));
        assert_eq!(values.list("host"), ["unix:///a"]);
        assert_eq!(values.list("log-opt"), ["max-size=1m"]);
        let twice = values.merge_file("{\"bip\":\"10.0.0.2/24\"}").unwrap_err();
        assert!(twice.contains("specified both as a flag and in the configuration file"), "{twice}");
        let unknown = values.merge_file("{\"nonsense\":1}").unwrap_err();
        assert!(unknown.contains("don't match any configuration option: nonsense"), "{unknown}");
        assert!(values.merge_file("[1]").is_err());
    }

    #[test]
    fn what_is_not_there_is_refused_and_what_means_nothing_is_noted() {
        assert_eq!(run(&["--ipv6"]).unwrap().check().unwrap_err(), "option --ipv6 is not implemented yet");
        assert!(run(&["--ipv6=false"]).unwrap().check().is_ok());
        let values = run(&["--containerd", "/run/c.sock", "--userland-proxy=false"]).unwrap();
        values.check().unwrap();
        assert_eq!(values.notes().len(), 2);
    }
}
