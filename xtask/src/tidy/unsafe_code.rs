//! Rule: unsafe code is in `crates/host/sys` alone, and every other crate forbids it to itself.

use super::finding::Finding;
use crate::package::Package;
use crate::source::Source;
use crate::tree::Tree;

/// The one folder that may.
const ALLOWED: &str = "crates/host/sys";

/// What every other crate says of itself.
const ATTRIBUTE: &str = "#![forbid(unsafe_code)]";

/// Files of a package that are the root of a crate which ships.
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

/// Crates that do not forbid unsafe code, and uses of it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let packages = tree.packages.iter().filter(|package| package.folder != ALLOWED);
    let roots = packages.flat_map(|package| ROOTS.map(|root| format!("{}/{root}", package.folder)));
    let sources = roots.filter_map(|path| tree.source(&path));
    let silent = sources.filter(|source| !source.text.lines().any(|line| line == ATTRIBUTE));
    let mut findings: Vec<Finding> =
        silent.map(|source| Finding::file(&source.path, format!("the crate lacks `{ATTRIBUTE}`"))).collect();
    findings.extend(tree.packages.iter().filter(|package| !has_root(tree, package)).map(no_root));
    findings.extend(tree.sources.iter().filter(|source| source.is_rust() && !is_allowed(source)).flat_map(uses));
    findings
}

fn has_root(tree: &Tree, package: &Package) -> bool {
    ROOTS.iter().any(|root| tree.source(&format!("{}/{root}", package.folder)).is_some())
}

fn no_root(package: &Package) -> Finding {
    Finding::file(&package.folder, "the package has neither src/lib.rs nor src/main.rs")
}

fn is_allowed(source: &Source) -> bool {
    source.path.strip_prefix(ALLOWED).is_some_and(|rest| rest.starts_with('/'))
}

fn uses(source: &Source) -> Vec<Finding> {
    let lines = source.code().lines().zip(1..).filter(|(line, _)| has_word(line));
    lines.map(|(_, number)| Finding::line(&source.path, number, format!("unsafe code belongs to {ALLOWED}"))).collect()
}

fn has_word(line: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(folder: &str, text: &str) -> Vec<String> {
        let package = Package::parse(folder, "[package]\nname = \"a\"").unwrap();
        let source = Source::new(format!("{folder}/src/lib.rs"), text);
        let tree = Tree { packages: vec![package], sources: vec![source] };
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crate_that_forbids_it_and_speaks_of_it_is_fine() {
        let text = "//! Nothing unsafe.\n#![forbid(unsafe_code)]\nconst WHY: &str = \"unsafe\";\n";
        assert!(check_file("crates/base/a", text).is_empty());
    }

    #[test]
    fn a_crate_that_does_not_forbid_it_is_found() {
        assert_eq!(
            check_file("crates/base/a", "//! A.\n"),
            [format!("crates/base/a/src/lib.rs: the crate lacks `{ATTRIBUTE}`")]
        );
    }

    #[test]
    fn unsafe_code_is_found_outside_sys_only() {
        let text = format!("{ATTRIBUTE}\nfn a() {{\n    unsafe {{ b() }}\n}}\n");
        assert_eq!(
            check_file("crates/host/a", &text),
            ["crates/host/a/src/lib.rs:3: unsafe code belongs to crates/host/sys"]
        );
        assert!(check_file("crates/host/sys", &text).is_empty());
        assert_eq!(check_file("crates/host/system", &text).len(), 1);
    }

    #[test]
    fn a_package_without_a_root_is_found() {
        let tree =
            Tree { packages: vec![Package::parse("bin/a", "[package]\nname = \"a\"").unwrap()], sources: vec![] };
        assert_eq!(check(&tree).len(), 1);
    }
}
