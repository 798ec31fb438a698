//! Our own static programs that go into the machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::Line;

/// A program as cargo built it, and its place in the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// On this machine.
    pub file: PathBuf,
    /// Below the machine's root.
    pub place: String,
}

/// Builds the binary, where a part uses it, and the tests that are parts.
pub fn build(root: &Path, parts: &[&str]) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    if parts.contains(&"smoke") {
        let line = Line::new(&["cargo", "build", "--package", "gantry", "--bin", "gantry"]);
        programs.extend(built(root, line)?.into_iter().map(|(_, file)| program(file, "bin/gantry".to_owned())));
    }
    if parts.iter().any(|part| *part != "smoke") {
        let packages = ["--package", "cgroup", "--package", "runtime", "--lib", "--test", "container"];
        let line = Line::new(&["cargo", "test", "--no-run"]).and(&packages.map(str::to_owned));
        programs.extend(built(root, line)?.into_iter().map(|(name, file)| program(file, format!("tests/{name}"))));
    }
    Ok(programs)
}

fn program(file: PathBuf, place: String) -> Program {
    Program { file, place }
}

/// Runs cargo, and gives the executables with their targets' names.
fn built(root: &Path, line: Line) -> Result<Vec<(String, PathBuf)>> {
    // Once for people to read; the second time all is built.
    line.run(root)?;
    let answer = line.and(&["--message-format=json".to_owned()]).output(root).context("run cargo")?;
    Ok(executables(&answer))
}

/// Finds the executables in cargo's messages: the Cargo Book, "External tools".
fn executables(answer: &str) -> Vec<(String, PathBuf)> {
    let messages = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = |message: Value| {
        let file = message["executable"].as_str()?;
        Some((message["target"]["name"].as_str()?.to_owned(), file.into()))
    };
    messages.filter_map(executable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_in_the_messages() {
        let answer = r#"{"reason":"compiler-artifact","target":{"name":"oci"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"container"},"executable":"/t/container-1f"}
not a message
{"reason":"build-finished","success":true}"#;
        assert_eq!(executables(answer), [("container".to_owned(), "/t/container-1f".into())]);
    }
}
