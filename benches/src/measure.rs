//! Runs commands under the stop-watch.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell::{command, output};

/// One run of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Wall clock time in milliseconds.
    pub wall: f64,
    /// Processor time of the command, in milliseconds.
    pub cpu: f64,
}

/// Some runs, perhaps side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// Each.
    pub each: Vec<Run>,
    /// Wall clock time of them all, in milliseconds.
    pub total: f64,
}

/// Runs `words` `count` times, `width` of them at once. All must succeed.
pub fn runs(watch: &Path, words: &[OsString], count: usize, width: usize) -> Result<Runs> {
    let (count, width) = (count.to_string(), width.to_string());
    let mut line = command([watch.as_os_str()]);
    line.args(["-n", &count, "-j", &width, "--"]).args(words);
    parse(&output(&mut line)?).with_context(|| format!("run {words:?}"))
}

/// Runs `words` once.
pub fn once(watch: &Path, words: &[OsString]) -> Result<Run> {
    Ok(runs(watch, words, 1, 1)?.each[0])
}

fn parse(text: &str) -> Result<Runs> {
    let mut each = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            ["total", total] => return Ok(Runs { each, total: total.parse::<f64>()? / 1e3 }),
            [wall, cpu, "0"] => each.push(Run { wall: wall.parse::<f64>()? / 1e3, cpu: cpu.parse::<f64>()? / 1e3 }),
            [_, _, code] => bail!("exit code {code}"),
            _ => bail!("the stop-watch says {line:?}"),
        }
    }
    bail!("the stop-watch has not finished")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_watch_is_understood_and_failures_are_errors() {
        let runs = parse("1500 700 0\n2500 800 0\ntotal 4100").unwrap();
        assert_eq!((runs.each.len(), runs.total, runs.each[1]), (2, 4.1, Run { wall: 2.5, cpu: 0.8 }));
        assert!(parse("1500 700 125\ntotal 1500").is_err());
        assert!(parse("1500 700 0").is_err());
    }
}
