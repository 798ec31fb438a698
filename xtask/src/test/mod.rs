//! Runs all tests, on a machine that has what they need.

pub mod packages;

use std::path::Path;

use anyhow::{Result, bail};

use crate::command::Line;
use crate::host::Host;

/// Installs what is missing and runs all tests, or those that a filter names.
pub fn test(root: &Path, filters: &[String]) -> Result<()> {
    let missing = Host::look().missing();
    if !missing.is_empty() {
        bail!("the tests cannot run here, since this is missing:\n  {}", missing.join("\n  "));
    }
    packages::install(root)?;
    run(root, filters)
}

/// Runs all tests. The last lines printed are the runner's own.
pub fn run(root: &Path, filters: &[String]) -> Result<()> {
    // Examples in documentation first: there are few, and the great run has the last word.
    if filters.is_empty() {
        Line::new(&["cargo", "test", "--workspace", "--doc", "--quiet"]).run(root)?;
    }
    let nextest = Line::new(&["cargo", "nextest", "--version"]).succeeds(root);
    let words: &[&str] = match nextest {
        true => &["cargo", "nextest", "run", "--workspace", "--no-fail-fast"],
        false => &["cargo", "test", "--workspace", "--tests", "--no-fail-fast"],
    };
    Line::new(words).and(filters).run(root)
}
