//! What the kernel and the folders hold because of a daemon: compared before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Daemon, PATIENCE};

/// What there was before. Taken when nothing runs.
pub struct LeakCheck {
    before: Holdings,
}

/// Kind of thing → things.
type Holdings = BTreeMap<&'static str, BTreeSet<String>>;

impl LeakCheck {
    /// Notes what there is, once it has come to rest: a daemon makes network namespaces ahead of need.
    pub fn before(daemon: &Daemon) -> Self {
        let mut before = look(daemon);
        let mut rest = Instant::now();
        while rest.elapsed() < Duration::from_millis(300) {
            std::thread::sleep(Duration::from_millis(20));
            let now = look(daemon);
            if now != before {
                (before, rest) = (now, Instant::now());
            }
        }
        Self { before }
    }

    /// Compares with what there is now. The kernel removes links and groups late, so it is asked again for a while.
    ///
    /// # Panics
    /// Where something is left over, or gone, for good.
    pub fn assert_clean(&self, daemon: &Daemon) {
        let begun = Instant::now();
        loop {
            let differences = differences(&self.before, &look(daemon));
            if differences.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the host is not as it was:\n  {}", differences.join("\n  "));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn look(daemon: &Daemon) -> Holdings {
    let host = daemon.host();
    let strings = |lines: String| lines.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", host.pid())).expect("read the host's mounts");
    let mounts = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(str::to_owned).collect();
    BTreeMap::from([
        ("mount", mounts),
        ("link", links(&host.ok(&["ip", "-br", "link"]))),
        ("rule", strings(without_counters(&host.ok(&["nft", "list", "ruleset"])))),
        ("control group", daemon.cgroups().iter().flat_map(|group| tree(group, 2, &|_| true)).collect()),
        ("shim", daemon.shims().iter().map(u32::to_string).collect()),
        // The daemon's own compiled filters are few, belong to no container, and begin anew with each daemon.
        ("file", tree(&daemon.run_root(), 8, &|name| !name.starts_with("filters"))),
        ("stored thing", tree(&daemon.data_root(), 3, &|name| !name.starts_with("trash/"))),
        ("descriptor", descriptors(daemon.pid())),
    ])
}

/// The names of links; those that a daemon makes ahead of need have names of chance, and only their number tells.
fn links(text: &str) -> BTreeSet<String> {
    let names: Vec<&str> = text.lines().filter_map(|line| line.split([' ', '@']).next()).collect();
    let (veths, others): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| name.starts_with("veth"));
    let numbered = (1..=veths.len()).map(|number| format!("veth number {number}"));
    others.into_iter().map(str::to_owned).chain(numbered).collect()
}

fn without_counters(rules: &str) -> String {
    let line = |line: &str| match line.split_once("counter packets") {
        Some((before, after)) => {
            let verdict = after.split(' ').next_back().unwrap_or_default();
            format!("{before}counter {verdict}\n")
        }
        None => format!("{line}\n"),
    };
    rules.lines().map(line).collect()
}

/// What the daemon has open, by kind, each numbered; sockets come and go with clients, so the few that linger are let be.
fn descriptors(pid: u32) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).expect("read the daemon's descriptors").flatten() {
        let Ok(target) = fs::read_link(entry.path()) else { continue };
        let target = target.to_string_lossy();
        let kind = target.split([':', '[']).next().unwrap_or_default();
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts.remove("socket");
    counts
        .into_iter()
        .flat_map(|(kind, count)| (1..=count).map(move |number| format!("{kind} number {number}")))
        .collect()
}

/// Paths below a folder, to a depth.
fn tree(root: &Path, depth: usize, keep: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    add_tree(root, root, depth, keep, &mut found);
    found
}

fn add_tree(root: &Path, folder: &Path, depth: usize, keep: &dyn Fn(&str) -> bool, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if (is_folder || !root.starts_with("/sys")) && keep(&name) {
            found.insert(name);
        }
        if is_folder && depth > 1 {
            add_tree(root, &path, depth - 1, keep, found);
        }
    }
}

fn differences(before: &Holdings, after: &Holdings) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, things) in after {
        let was = &before[kind];
        found.extend(things.difference(was).map(|thing| format!("left over: {kind} {thing}")));
        // Another daemon in the same folders has opened less as yet; and a mount goes from every namespace when its
        // place is removed in one, so those of others may have gone here too.
        let gone = was.difference(things).filter(|_| !["descriptor", "mount"].contains(kind));
        found.extend(gone.map(|thing| format!("gone: {kind} {thing}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_chance_do_not_count() {
        let rules = "counter packets 3 bytes 9 drop\nmeta x accept\n";
        assert_eq!(without_counters(rules), "counter drop\nmeta x accept\n");
        assert_eq!(links("lo  UNKNOWN x\nveth1@if2 UP y\n"), links("lo  UNKNOWN x\nveth7@if9 UP y\n"));
        assert_ne!(links("lo  UNKNOWN x\nveth1@if2 UP y\n"), links("lo  UNKNOWN x\n"));
    }

    #[test]
    fn both_directions_are_told() {
        let one = |thing: &str| BTreeMap::from([("file", BTreeSet::from([thing.to_owned()]))]);
        assert_eq!(differences(&one("a"), &one("b")), ["left over: file b", "gone: file a"]);
        assert!(differences(&one("a"), &one("a")).is_empty());
    }
}
