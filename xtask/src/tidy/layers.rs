//! Rule: dependencies point down the layers; `layers.toml` lists what else is allowed, and what is not.
//!
//! ```text
//!   bin ──► edge ──► app ──► domain ──► host ──► base
//!           cli, compose, progress, client (the client column) ──────► base
//!   xtask, testkit, tests: outside; what ships does not depend on them
//! ```

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::finding::Finding;
use crate::package::{Kind, Package};
use crate::tree::Tree;

/// From the lowest.
const LAYERS: [&str; 6] = ["base", "host", "domain", "app", "edge", "bin"];

/// Crates that make up the client; they know nothing of the server but the vocabulary.
const CLIENT: [&str; 4] = ["cli", "compose", "progress", "client"];

/// The file with the edges.
const FILE: &str = "layers.toml";

type Edges = BTreeMap<String, BTreeSet<String>>;

/// What `layers.toml` says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Edges inside a folder: from a package to those that it may use.
    #[serde(default)]
    inside: Edges,
    /// Packages of others that a package must not use, itself or through ours.
    #[serde(default)]
    without: Edges,
}

impl Policy {
    /// Reads `layers.toml`.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("read layers.toml")
    }
}

/// Where a package stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a layer, by its height.
    Layer(usize),
    /// Beside the layers: chores and tests.
    Outside,
}

/// Edges that break the layers, and entries of the policy that stand for nothing.
pub fn check(tree: &Tree, policy: &Policy) -> Vec<Finding> {
    let packages: BTreeMap<&str, &Package> =
        tree.packages.iter().map(|package| (package.name.as_str(), package)).collect();
    let mut findings = Vec::new();
    for package in packages.values() {
        if place(&package.folder).is_none() {
            findings.push(Finding::file(&package.folder, format!("is in none of the layers {}", LAYERS.join(", "))));
        }
        let edges = package.dependencies.iter().filter_map(|edge| Some((packages.get(edge.name.as_str())?, edge.kind)));
        let broken = edges.filter_map(|(to, kind)| Some((to, complaint(package, to, kind, policy)?)));
        let texts = broken.map(|(to, why)| format!("`{}` must not depend on `{}`: {why}", package.name, to.name));
        findings.extend(texts.map(|text| Finding::file(package.manifest_path(), text)));
        findings.extend(strangers(package, &packages, policy));
    }
    findings.extend(stale(&packages, policy));
    findings
}

fn place(folder: &str) -> Option<Place> {
    let parts: Vec<&str> = folder.split('/').collect();
    let name = match parts.as_slice() {
        ["crates", layer, _] => layer,
        ["bin", _] => "bin",
        ["xtask" | "testkit" | "fuzz" | "benches"] | ["tests", ..] => return Some(Place::Outside),
        _ => return None,
    };
    LAYERS.iter().position(|layer| *layer == name).map(Place::Layer)
}

/// Why an edge is not allowed.
fn complaint(from: &Package, to: &Package, kind: Kind, policy: &Policy) -> Option<&'static str> {
    let (from_place, to_place) = (place(&from.folder)?, place(&to.folder)?);
    let (from_layer, to_layer) = match (from_place, to_place) {
        (Place::Outside, _) => return None,
        (_, Place::Outside) => return (kind == Kind::Shipped).then_some("it exists for tests only"),
        (Place::Layer(from), Place::Layer(to)) => (from, to),
    };
    let name = |layer: usize| LAYERS[layer];
    let listed = policy.inside.get(&from.name).is_some_and(|names| names.contains(&to.name));
    if from_layer < to_layer {
        return Some("it stands in a higher layer");
    }
    if is_client(from) && !is_client(to) && name(to_layer) != "base" {
        return Some("the client knows of the server only what is in base");
    }
    if name(from_layer) == "edge" && !is_client(from) && is_client(to) {
        return Some("the server knows nothing of the client");
    }
    match from_layer == to_layer {
        true if name(from_layer) == "domain" => Some("nouns never import one another"),
        true if !listed => Some("they stand in one layer, and layers.toml does not list the edge"),
        _ => None,
    }
}

fn is_client(package: &Package) -> bool {
    package.folder.starts_with("crates/edge/") && CLIENT.contains(&package.name.as_str())
}

/// Forbidden packages of others that a package uses, itself or through ours.
fn strangers(package: &Package, packages: &BTreeMap<&str, &Package>, policy: &Policy) -> Vec<Finding> {
    let Some(forbidden) = policy.without.get(&package.name) else { return Vec::new() };
    let (mut seen, mut open) = (BTreeSet::new(), vec![package]);
    let mut findings = Vec::new();
    while let Some(ours) = open.pop() {
        for edge in ours.dependencies.iter().filter(|edge| edge.kind == Kind::Shipped) {
            if forbidden.contains(&edge.name) {
                let text = format!("`{}` must do without `{}`, which `{}` uses", package.name, edge.name, ours.name);
                findings.push(Finding::file(package.manifest_path(), text));
            }
            open.extend(packages.get(edge.name.as_str()).filter(|_| seen.insert(&edge.name)));
        }
    }
    findings
}

/// Entries of the file that stand for nothing.
fn stale(packages: &BTreeMap<&str, &Package>, policy: &Policy) -> Vec<Finding> {
    let edge = |from: &str, to: &str| packages.get(from).is_some_and(|p| p.dependencies.iter().any(|d| d.name == to));
    let listed = policy.inside.iter().flat_map(|(from, names)| names.iter().map(move |to| (from, to)));
    let unused = listed.filter(|(from, to)| !edge(from, to));
    let mut texts: Vec<String> =
        unused.map(|(from, to)| format!("lists an edge from `{from}` to `{to}`, and there is none")).collect();
    let unknown = policy.without.keys().filter(|name| !packages.contains_key(name.as_str()));
    texts.extend(unknown.map(|name| format!("speaks of `{name}`, and there is no such package")));
    texts.into_iter().map(|text| Finding::file(FILE, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace from folders and what they depend on; `dev:` before a name makes it a dependency of tests.
    fn findings(packages: &[(&str, &[&str])], policy: &str) -> Vec<String> {
        let package = |(folder, uses): &(&str, &[&str])| {
            let name = folder.rsplit('/').next().unwrap();
            let line = |name: &str| format!("{name}.workspace = true\n");
            let (dev, shipped): (Vec<&str>, Vec<&str>) = uses.iter().partition(|name| name.starts_with("dev:"));
            let shipped: String = shipped.into_iter().map(line).collect();
            let dev: String = dev.into_iter().map(|name| line(&name[4..])).collect();
            let text = format!("[package]\nname = \"{name}\"\n[dependencies]\n{shipped}[dev-dependencies]\n{dev}");
            Package::parse(folder, &text).unwrap()
        };
        let tree = Tree { packages: packages.iter().map(package).collect(), sources: vec![] };
        check(&tree, &Policy::parse(policy).unwrap()).iter().map(ToString::to_string).collect()
    }

    fn complains(packages: &[(&str, &[&str])], policy: &str, text: &str) {
        let found = findings(packages, policy);
        assert!(found.len() == 1 && found[0].contains(text), "expected one finding with {text:?}: {found:?}");
    }

    #[test]
    fn downward_edges_are_fine() {
        let packages: &[(&str, &[&str])] = &[
            ("bin/gantry", &["cli", "server"]),
            ("crates/edge/cli", &["names"]),
            ("crates/edge/server", &["engine"]),
            ("crates/app/engine", &["image", "sys"]),
            ("crates/domain/image", &["sys", "dev:testkit"]),
            ("crates/host/sys", &["names", "libc"]),
            ("crates/base/names", &[]),
            ("testkit", &["server", "cli"]),
            ("tests/engine-api", &["testkit"]),
        ];
        assert!(findings(packages, "").is_empty());
    }

    #[test]
    fn an_edge_upward_is_found_even_in_tests() {
        complains(&[("crates/host/sys", &["image"]), ("crates/domain/image", &[])], "", "higher layer");
        complains(&[("crates/base/names", &["dev:sys"]), ("crates/host/sys", &[])], "", "higher layer");
    }

    #[test]
    fn an_edge_inside_a_layer_must_be_listed() {
        let packages: &[(&str, &[&str])] = &[("crates/host/nft", &["netlink"]), ("crates/host/netlink", &[])];
        complains(packages, "", "does not list the edge");
        assert!(findings(packages, "[inside]\nnft = [\"netlink\"]").is_empty());
        complains(&packages[1..], "[inside]\nnetlink = [\"nft\"]", "and there is none");
    }

    #[test]
    fn nouns_never_import_one_another_listed_or_not() {
        let packages: &[(&str, &[&str])] = &[("crates/domain/container", &["image"]), ("crates/domain/image", &[])];
        complains(packages, "[inside]\ncontainer = [\"image\"]", "nouns never");
    }

    #[test]
    fn client_and_server_meet_in_base_only() {
        complains(&[("crates/edge/client", &["sys"]), ("crates/host/sys", &[])], "", "only what is in base");
        let both: &[(&str, &[&str])] = &[("crates/edge/cli", &["server"]), ("crates/edge/server", &[])];
        complains(both, "[inside]\ncli = [\"server\"]", "only what is in base");
        let back: &[(&str, &[&str])] = &[("crates/edge/server", &["client"]), ("crates/edge/client", &[])];
        complains(back, "[inside]\nserver = [\"client\"]", "nothing of the client");
    }

    #[test]
    fn what_ships_does_not_depend_on_tests() {
        complains(&[("crates/host/sys", &["testkit"]), ("testkit", &[])], "", "for tests only");
    }

    #[test]
    fn a_package_outside_the_folders_is_found() {
        complains(&[("crates/utils/misc", &[])], "", "none of the layers");
        complains(&[("stuff", &[])], "", "none of the layers");
    }

    #[test]
    fn forbidden_strangers_are_found_through_our_own() {
        let packages: &[(&str, &[&str])] = &[("bin/stage", &["runtime"]), ("crates/host/runtime", &["tokio"])];
        complains(packages, "[without]\nstage = [\"tokio\"]", "`stage` must do without `tokio`, which `runtime` uses");
        assert!(findings(packages, "[without]\nstage = [\"hyper\"]").is_empty());
        complains(packages, "[without]\nshim = [\"hyper\"]", "no such package");
    }
}
