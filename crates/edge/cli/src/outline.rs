//! All commands that run, as text: for tools that compare them with docker's.

use crate::app::GLOBAL_FLAGS;
use crate::flag::Flag;
use crate::tree::{Body, Node, ROOT};

/// A line for each command: its path, a colon, its flags. The program itself is `-`.
pub fn outline() -> String {
    let mut lines = vec![line("-", GLOBAL_FLAGS)];
    walk("", ROOT, &mut lines);
    lines.concat()
}

fn walk(above: &str, nodes: &[Node], lines: &mut Vec<String>) {
    for node in nodes {
        let path = format!("{above} {}", node.name).trim().to_owned();
        match node.body {
            Body::Command(command) => lines.push(line(&path, command.flags)),
            Body::Group(nodes) => walk(&path, nodes, lines),
            Body::Missing => {}
        }
    }
}

fn line(path: &str, flags: &[Flag]) -> String {
    let flags: Vec<&str> = flags.iter().map(|flag| flag.long).collect();
    format!("{path}: {}\n", flags.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_listed_and_missing_ones_are_not() {
        let text = outline();
        assert!(text.contains("\nimage pull: all-tags "), "{text}");
        assert!(text.starts_with("-: config context debug "), "{text}");
        assert!(!text.contains("swarm init"), "{text}");
    }
}
