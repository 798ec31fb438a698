//! Runs commands under the stop-watch.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{command, output};

/// One run of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Wall clock time in milliseconds.
    pub wall: f64,
    /// Processor time of the command, in milliseconds.
    pub cpu: f64,
    /// The most memory that one of its processes had at once, in KiB.
    pub peak: f64,
}

/// Some runs, perhaps side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// Each.
    pub each: Vec<Run>,
    /// Wall clock time of them all, in milliseconds.
    pub total: f64,
}

/// The stop-watch, perhaps in a mount namespace of its own.
#[derive(Clone, Debug)]
pub struct Watch(Vec<OsString>);

impl Watch {
    /// The program `helpers/measure.c` as it was compiled to `file`.
    pub fn new(file: &Path) -> Self {
        Self(vec![file.into()])
    }

    /// The same in the mount namespace of a process.
    pub fn inside(&self, pid: u32) -> Self {
        let enter = ["nsenter", "--mount", "--target", &pid.to_string(), "--"].map(OsString::from);
        Self(enter.into_iter().chain(self.0.iter().cloned()).collect())
    }

    /// Runs `words` `count` times, `width` of them at once. All must succeed.
    pub fn runs(&self, words: &[OsString], count: usize, width: usize) -> Result<Runs> {
        let (count, width) = (count.to_string(), width.to_string());
        let mut line = command(&self.0);
        line.args(["-n", &count, "-j", &width, "--"]).args(words);
        parse(&output(&mut line)?).with_context(|| format!("run {words:?}"))
    }

    /// Runs `words` once.
    pub fn once(&self, words: &[OsString]) -> Result<Run> {
        let runs = self.runs(words, 1, 1)?;
        ensure!(runs.each.len() == 1, "the stop-watch tells of {} runs", runs.each.len());
        Ok(runs.each[0])
    }
}

fn parse(text: &str) -> Result<Runs> {
    let mut each = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            ["total", total] => return Ok(Runs { each, total: total.parse::<f64>()? / 1e3 }),
            [wall, cpu, peak, "0"] => {
                each.push(Run { wall: wall.parse::<f64>()? / 1e3, cpu: cpu.parse::<f64>()? / 1e3, peak: peak.parse()? })
            }
            [_, _, _, code] => bail!("exit code {code}"),
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
        let runs = parse("1500 700 90 0\n2500 800 95 0\ntotal 4100").unwrap();
        assert_eq!((runs.each.len(), runs.total, runs.each[1]), (2, 4.1, Run { wall: 2.5, cpu: 0.8, peak: 95.0 }));
        assert!(parse("1500 700 90 125\ntotal 1500").is_err());
        assert!(parse("1500 700 90 0").is_err());
    }
}
