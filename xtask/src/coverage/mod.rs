//! How much of Docker is there: commands and flags of its client, operations of the Engine API.
//!
//! What Docker has stands in `commands.txt` and `routes.txt` beside this. What we have is asked from the client's own tree
//! (`crates/edge/cli/examples/outline.rs`) and read in the server's table of routes, where what answers 501 is a text
//! instead of a handler. A handler that only says that there is no swarm counts as missing too.

mod routes;
mod share;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use self::share::Report;
use crate::command::Line;

const COMMANDS: &str = include_str!("commands.txt");
const ROUTES: &str = include_str!("routes.txt");
const TABLE: &str = "crates/edge/server/src/route/table.rs";

/// Prints the shares and what is missing.
pub fn coverage(root: &Path) -> Result<()> {
    let ours = Line::new(&["cargo", "run", "--quiet", "--package", "cli", "--example", "outline"]).output(root);
    let ours = ours.filter(|text| !text.is_empty()).context("the client's outline could not be printed")?;
    let table = std::fs::read_to_string(root.join(TABLE)).with_context(|| format!("read {TABLE}"))?;
    let (commands, flags) = compare_commands(COMMANDS, &ours);
    print!("{}{}{}", commands.print("commands"), flags.print("flags"), routes::compare(ROUTES, &table).print("routes"));
    Ok(())
}

/// Flags by command.
type Commands<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn parse(text: &str) -> Commands<'_> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(path, flags)| (path, flags.split_whitespace().collect()))
        .collect()
}

/// Flags of commands that are missing count, and are not listed one by one.
fn compare_commands(wanted: &str, ours: &str) -> (Report, Report) {
    let (wanted, ours) = (parse(wanted), parse(ours));
    let (mut commands, mut flags) = (Report::default(), Report::default());
    for (path, names) in &wanted {
        let area = area(path);
        let found = ours.get(path);
        if *path != "-" {
            commands.count(area, found.is_some(), || (*path).to_owned());
        }
        for name in names {
            let there = found.is_some_and(|found| found.contains(name));
            flags.count(area, there, || if found.is_some() { format!("{path} --{name}") } else { String::new() });
        }
    }
    (commands, flags)
}

/// The group that a command belongs to; those at the top stand together.
fn area(path: &str) -> &str {
    path.split_once(' ').map_or("(top)", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_flags_are_counted_by_area() {
        let wanted = "# words\n-: host\nps: all quiet\nimage ls: all\nimage rm: force\n";
        let (commands, flags) = compare_commands(wanted, "-: host\nps: all\nimage ls: all\nours: x\n");
        assert_eq!(
            commands.print("commands"),
            "commands: 2 of 3 (66 %)\n  (top)           1 of 1\n  image           1 of 2   missing: image rm\n\n"
        );
        assert_eq!(
            flags.print("flags"),
            "flags: 3 of 5 (60 %)\n  (top)           2 of 3   missing: ps --quiet\n  image           1 of 2\n\n"
        );
    }

    #[test]
    fn the_facts_are_whole() {
        // What docker 28.2.2 has below its groups and at the top, and all operations up to version 1.56.
        assert_eq!(parse(COMMANDS).len(), 169);
        assert_eq!(ROUTES.lines().filter(|line| !line.starts_with('#')).count(), 108);
    }
}
