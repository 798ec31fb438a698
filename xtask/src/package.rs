//! One package of the workspace, as its manifest tells it.

use anyhow::{Context, Result};
use toml::{Table, Value};

/// Why one package depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is part of what is shipped, or builds it.
    Shipped,
    /// Its tests use it.
    Dev,
}

/// One line of a manifest's dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The package.
    pub name: String,
    /// What for.
    pub kind: Kind,
    /// Whether the manifest takes it as the workspace has it.
    pub inherited: bool,
}

/// One package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder below the root, as `crates/base/oci`.
    pub folder: String,
    /// All that it depends on.
    pub dependencies: Vec<Dependency>,
    /// The manifest.
    pub manifest: Table,
}

impl Package {
    /// Reads a manifest.
    pub fn parse(folder: &str, text: &str) -> Result<Self> {
        let manifest: Table = text.parse().with_context(|| format!("read {folder}/Cargo.toml"))?;
        let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let name = name.with_context(|| format!("{folder}/Cargo.toml has no package name"))?.to_owned();
        let mut dependencies = dependencies(&manifest);
        let targets = manifest.get("target").and_then(Value::as_table);
        for target in targets.into_iter().flat_map(Table::values).filter_map(Value::as_table) {
            dependencies.extend(self::dependencies(target));
        }
        Ok(Self { name, folder: folder.to_owned(), dependencies, manifest })
    }

    /// The manifest's path below the root.
    pub fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

fn dependencies(table: &Table) -> Vec<Dependency> {
    let kinds =
        [("dependencies", Kind::Shipped), ("build-dependencies", Kind::Shipped), ("dev-dependencies", Kind::Dev)];
    let sections = kinds.iter().filter_map(|(section, kind)| Some((table.get(*section)?.as_table()?, *kind)));
    sections
        .flat_map(|(section, kind)| section.iter().map(move |(name, value)| dependency(name, value, kind)))
        .collect()
}

fn dependency(name: &str, value: &Value, kind: Kind) -> Dependency {
    let renamed = value.get("package").and_then(Value::as_str);
    let inherited = value.get("workspace").and_then(Value::as_bool) == Some(true);
    Dependency { name: renamed.unwrap_or(name).to_owned(), kind, inherited }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sections_are_read() {
        let text = r#"
            [package]
            name = "sys"
            [dependencies]
            libc.workspace = true
            [target.'cfg(unix)'.build-dependencies]
            c = { package = "cc", version = "1" }
            [dev-dependencies]
            testkit.workspace = true"#;
        let package = Package::parse("crates/host/sys", text).unwrap();
        let seen: Vec<_> = package.dependencies.iter().map(|d| (d.name.as_str(), d.kind, d.inherited)).collect();
        assert_eq!(seen, [("libc", Kind::Shipped, true), ("testkit", Kind::Dev, true), ("cc", Kind::Shipped, false)]);
    }

    #[test]
    fn a_manifest_without_a_package_is_an_error() {
        assert!(Package::parse("bin/x", "[workspace]").is_err());
    }
}
