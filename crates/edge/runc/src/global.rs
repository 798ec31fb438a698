//! The flags before the command.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::flag::{Flag, switch, value};
use crate::log::{Format, Log};
use crate::parse::{Order, parse};

/// The flags before the command.
pub const FLAGS: &[Flag] = &[
    switch("debug", "tell more in the log"),
    value("log", "write the log to this file instead of standard error"),
    value("log-format", "text or json"),
    value("root", "folder for the state of containers; it should be in memory"),
    value("criu", "the program criu; found by PATH if none is given"),
    switch("systemd-cgroup", "let systemd make control groups; cgroupsPath is slice:prefix:name then"),
    value("rootless", "do without what an ordinary user cannot do: true, false or auto"),
    switch("version", "show the version").or("v"),
];

/// Where the state of containers lies if nobody says otherwise.
const ROOT: &str = "/run/gantry-runc";

/// What was said before the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Global {
    /// Where the state of containers lies.
    pub root: PathBuf,
    /// Where errors go.
    pub log: Log,
    /// Whether systemd makes the control groups.
    pub systemd_cgroup: bool,
    /// Whether control groups that cannot be made are done without.
    pub rootless: bool,
    /// The program for checkpoints.
    pub criu: String,
    /// Whether help is asked for.
    pub help: bool,
    /// Whether the version is asked for.
    pub version: bool,
    /// All words, for a second start of the program.
    pub words: Vec<String>,
}

impl Global {
    /// Reads them; what follows is given back.
    pub fn read(words: &[String]) -> Result<(Self, &[String]), Error> {
        let parsed = parse(FLAGS, words, Order::First)?;
        let rest = words.len() - parsed.positional.len();
        let format = match parsed.value("log-format").unwrap_or("text") {
            "text" => Format::Text,
            "json" => Format::Json,
            other => return Err(Error::new(format!("invalid log-format: {other}"))),
        };
        let is_root = rustix::process::geteuid().is_root();
        let rootless = match parsed.value("rootless").unwrap_or("auto") {
            "auto" => !is_root || in_user_namespace(),
            text => human::parse_bool(text)
                .map_err(|_| Error::new(format!("invalid value {text:?} for flag -rootless: true, false or auto")))?,
        };
        let root = parsed.text("root").map_or_else(|| default_root(is_root), |root| Ok(PathBuf::from(root)))?;
        let global = Self {
            root: std::path::absolute(&root)
                .map_err(|error| Error::new(format!("--root {}: {error}", root.display())))?,
            log: Log { file: parsed.text("log").map(PathBuf::from), format },
            systemd_cgroup: parsed.switch("systemd-cgroup"),
            rootless,
            criu: parsed.text("criu").unwrap_or("criu").to_owned(),
            help: parsed.switch("help"),
            version: parsed.switch("version"),
            words: words.to_vec(),
        };
        Ok((global, &words[rest..]))
    }
}

/// Whether root is root of a user namespace, as in Podman's without root: user_namespaces(7), `uid_map`.
fn in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    !map.is_empty() && map.split_whitespace().ne(["0", "0", "4294967295"])
}

/// Below the user's own folder for such things where it is not root.
fn default_root(is_root: bool) -> Result<PathBuf, Error> {
    if is_root {
        return Ok(ROOT.into());
    }
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    let own = own.ok_or_else(|| Error::new("XDG_RUNTIME_DIR is not set: say with --root where the state is to lie"))?;
    Ok(Path::new(&own).join("gantry-runc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<(Global, Vec<String>), Error> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Global::read(&words).map(|(global, rest)| (global, rest.to_vec()))
    }

    #[test]
    fn flags_end_at_the_command() {
        let (global, rest) = read(&["--root", "/x", "--log-format=json", "run", "--detach", "a"]).unwrap();
        assert_eq!((global.root.as_path(), global.log.format), (Path::new("/x"), Format::Json));
        assert_eq!(rest, ["run", "--detach", "a"]);
        let (_, rest) = read(&["--root", "/x"]).unwrap();
        assert!(rest.is_empty());
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(read(&["--log-format", "xml"]).unwrap_err().to_string(), "invalid log-format: xml");
        assert!(read(&["--rootless", "perhaps"]).is_err());
        assert!(read(&["--nope"]).is_err());
    }
}
