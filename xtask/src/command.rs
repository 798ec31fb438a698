//! Runs other programs and says so.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A command line to run in the workspace.
#[derive(Clone, Debug)]
pub struct Line {
    words: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
}

impl Line {
    /// A command line from its words, which no shell sees.
    pub fn new(words: &[&str]) -> Self {
        Self { words: words.iter().map(ToString::to_string).collect(), variables: Vec::new() }
    }

    /// Adds words.
    pub fn and(mut self, words: &[String]) -> Self {
        self.words.extend_from_slice(words);
        self
    }

    /// Sets a variable of the environment.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Runs it with our output; fails when it fails.
    pub fn run(&self, directory: &Path) -> Result<()> {
        eprintln!("$ {}", self.words.join(" "));
        let status = self.command(directory).status().with_context(|| format!("run {}", self.words[0]))?;
        if !status.success() {
            bail!("{}: {status}", self.words.join(" "));
        }
        Ok(())
    }

    /// Whether it runs and succeeds; its output goes nowhere.
    pub fn succeeds(&self, directory: &Path) -> bool {
        self.command(directory).output().is_ok_and(|output| output.status.success())
    }

    /// Its standard output; nothing where it cannot be run at all.
    pub fn output(&self, directory: &Path) -> Option<String> {
        let output = self.command(directory).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(directory).envs(self.variables.iter().copied());
        command
    }
}
