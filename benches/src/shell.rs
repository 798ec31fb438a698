//! Runs other programs.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A command from its words.
pub fn command<T: AsRef<OsStr>>(words: impl IntoIterator<Item = T>) -> Command {
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().map_or_else(Default::default, |word| word.as_ref().to_owned()));
    command.args(words).stdin(Stdio::null());
    command
}

/// Its standard output without the last line break; an error with what it said where it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Runs a command for its effect.
pub fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs a line of shell with arguments `$1`, `$2` ….
pub fn script<T: AsRef<OsStr>>(line: &str, arguments: impl IntoIterator<Item = T>) -> Command {
    let mut shell = command(["sh", "-ec", line, "sh"]);
    shell.args(arguments);
    shell
}
