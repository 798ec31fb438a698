//! The house rules: what no other tool checks.

mod finding;
mod heads;
mod layers;
mod length;
mod manifests;
mod unsafe_code;
mod words;

use std::path::Path;

use anyhow::{Context, Result, bail};

use self::finding::Finding;
use self::layers::Policy;
use crate::tree::Tree;

/// Checks the workspace against all rules and prints what breaks them.
pub fn tidy(root: &Path) -> Result<()> {
    let tree = Tree::load(root)?;
    let policy = tree.source("layers.toml").context("there is no layers.toml")?;
    let findings = check(&tree, &Policy::parse(&policy.text)?);
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("tidy: {count} findings"),
    }
}

fn check(tree: &Tree, policy: &Policy) -> Vec<Finding> {
    let rules = [
        layers::check(tree, policy),
        manifests::check(tree),
        unsafe_code::check(tree),
        words::check(tree),
        length::check(tree),
        heads::check(tree),
    ];
    rules.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn this_workspace_is_tidy() {
        tidy(&tree::root()).unwrap();
    }
}
