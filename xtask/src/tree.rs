//! The workspace: its packages and files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::package::Package;
use crate::source::Source;

/// Folders that are no part of the source.
const OUTSIDE: [&str; 2] = [".git", "target"];

/// All that the house rules look at.
#[derive(Debug, Default)]
pub struct Tree {
    /// All members.
    pub packages: Vec<Package>,
    /// All text files, tracked or not, in the order of their paths.
    pub sources: Vec<Source>,
}

/// The workspace's root: this package lies right below it.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

impl Tree {
    /// Reads the workspace.
    pub fn load(root: &Path) -> Result<Self> {
        let manifest = fs::read_to_string(root.join("Cargo.toml")).context("read Cargo.toml")?;
        let manifest: Table = manifest.parse().context("read Cargo.toml")?;
        let members =
            manifest.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
        let mut packages = Vec::new();
        for pattern in members.into_iter().flatten().filter_map(Value::as_str) {
            for folder in expand(root, pattern)? {
                let text = fs::read_to_string(root.join(&folder).join("Cargo.toml"))
                    .with_context(|| format!("read {folder}"))?;
                packages.push(Package::parse(&folder, &text)?);
            }
        }
        let mut sources = Vec::new();
        collect(root, "", &mut sources)?;
        Ok(Self { packages, sources })
    }

    /// A file by its path.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

/// Folders with a manifest that a pattern names; `*` stands for one whole part.
fn expand(root: &Path, pattern: &str) -> Result<Vec<String>> {
    let mut found = vec![String::new()];
    for part in pattern.split('/') {
        let mut next = Vec::new();
        for folder in found {
            let names = if part == "*" { names(&root.join(&folder))? } else { vec![part.to_owned()] };
            next.extend(names.into_iter().map(|name| join(&folder, &name)));
        }
        found = next;
    }
    found.retain(|folder| root.join(folder).join("Cargo.toml").is_file());
    Ok(found)
}

fn collect(root: &Path, folder: &str, sources: &mut Vec<Source>) -> Result<()> {
    for name in names(&root.join(folder))? {
        let path = join(folder, &name);
        let kind = fs::symlink_metadata(root.join(&path)).with_context(|| format!("stat {path}"))?.file_type();
        if kind.is_dir() && !OUTSIDE.contains(&name.as_str()) {
            collect(root, &path, sources)?;
        } else if kind.is_file() && !OUTSIDE.contains(&name.as_str()) {
            let bytes = fs::read(root.join(&path)).with_context(|| format!("read {path}"))?;
            // What is not text has no words.
            sources.extend(String::from_utf8(bytes).ok().map(|text| Source::new(path, text)));
        }
    }
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_itself_is_read() {
        let tree = Tree::load(&root()).unwrap();
        let package = tree.packages.iter().find(|package| package.name == "xtask").unwrap();
        assert_eq!(package.folder, "xtask");
        assert!(tree.packages.iter().any(|package| package.folder == "crates/host/sys"));
        assert!(tree.source("xtask/src/tree.rs").is_some_and(Source::is_rust));
        assert!(!tree.sources.iter().any(|source| source.path.starts_with("target/")));
    }
}
