//! Rule: what all packages share is said once, in the workspace's manifest.

use toml::Value;

use super::finding::Finding;
use crate::package::Package;
use crate::tree::Tree;

/// Fields of `[package]` that come from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Manifests that say on their own what the workspace says.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Finding> {
    let path = package.manifest_path();
    let of_package = |field: &str| package.manifest.get("package").and_then(|table| table.get(field));
    let fields = INHERITED.iter().filter(|field| !is_inherited(of_package(field)));
    let mut texts: Vec<String> = fields.map(|field| format!("`{field}.workspace = true` is missing")).collect();
    if !is_inherited(package.manifest.get("lints")) {
        texts.push("`[lints] workspace = true` is missing".to_owned());
    }
    if of_package("description").and_then(Value::as_str).is_none_or(str::is_empty) {
        texts.push("the package has no description".to_owned());
    }
    let own = package.dependencies.iter().filter(|dependency| !dependency.inherited);
    texts.extend(own.map(|dependency| format!("`{}` does not come from [workspace.dependencies]", dependency.name)));
    texts.into_iter().map(|text| Finding::file(&path, text)).collect()
}

fn is_inherited(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"A.\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n";

    fn found(manifest: &str) -> Vec<String> {
        check_package(&Package::parse("bin/a", manifest).unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_workspace_says_is_enough() {
        assert!(found(&format!("{GOOD}[dependencies]\nserde.workspace = true\n")).is_empty());
    }

    #[test]
    fn what_a_package_says_on_its_own_is_found() {
        let own = found(&format!("{GOOD}[dependencies]\nserde = \"1\"\n"));
        assert_eq!(own, ["bin/a/Cargo.toml: `serde` does not come from [workspace.dependencies]"]);
        let licence = found(&GOOD.replace("license.workspace = true", "license = \"MIT\""));
        assert_eq!(licence, ["bin/a/Cargo.toml: `license.workspace = true` is missing"]);
        assert_eq!(found("[package]\nname = \"a\"").len(), INHERITED.len() + 2);
    }
}
