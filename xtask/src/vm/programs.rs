//! Our own static programs that go into the machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::part::Chosen;
use crate::command::Line;

/// A program as cargo built it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The name of its target.
    pub name: String,
    /// Whether it is a test, and not one of our binaries.
    pub test: bool,
    /// On this machine.
    pub file: PathBuf,
}

/// Builds what the parts need. One that several need is there several times.
pub fn build(root: &Path, parts: &[&Chosen]) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for Chosen { part, .. } in parts {
        let verb: &[&str] = if part.script { &["cargo", "build"] } else { &["cargo", "test", "--no-run"] };
        let line = Line::new(&[verb, part.build].concat());
        // Once for people to read; the second time all is built.
        line.run(root)?;
        let answer = line.and(&["--message-format=json".to_owned()]).output(root).context("run cargo")?;
        programs.extend(executables(&answer));
    }
    Ok(programs)
}

/// Finds the executables in cargo's messages: the Cargo Book, "External tools".
fn executables(answer: &str) -> Vec<Program> {
    let messages = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = |message: Value| {
        let (file, test) = (message["executable"].as_str()?, message["profile"]["test"].as_bool()?);
        Some(Program { name: message["target"]["name"].as_str()?.to_owned(), test, file: file.into() })
    };
    messages.filter_map(executable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_in_the_messages() {
        let answer = r#"{"reason":"compiler-artifact","target":{"name":"oci"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","target":{"name":"container"},"profile":{"test":true},"executable":"/t/container-1f"}
{"reason":"compiler-artifact","target":{"name":"stage"},"profile":{"test":false},"executable":"/t/stage"}
not a message
{"reason":"build-finished","success":true}"#;
        let program = |name: &str, test, file: &str| Program { name: name.to_owned(), test, file: file.into() };
        let expect = [program("container", true, "/t/container-1f"), program("stage", false, "/t/stage")];
        assert_eq!(executables(answer), expect);
    }
}
