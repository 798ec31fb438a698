//! Rule: the first line of a Rust file says what the module is. Tests beside a module leave that to it.

use super::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

/// Files that do not say what they are.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.sources.iter().filter(|source| source.is_rust() && !is_beside(source) && !has_head(source));
    sources.map(|source| Finding::line(&source.path, 1, "the file does not begin with `//! ` and a sentence")).collect()
}

fn is_beside(source: &Source) -> bool {
    source.path.ends_with("_test.rs")
}

fn has_head(source: &Source) -> bool {
    let paragraph = source.text.lines().map_while(|line| line.strip_prefix("//! "));
    let text: Vec<&str> = paragraph.collect();
    text.last().is_some_and(|last| last.ends_with(['.', ':', '?', '!', '`', ')']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree { packages: vec![], sources: vec![Source::new("a.rs", text)] }).len()
    }

    #[test]
    fn a_sentence_is_asked_for() {
        assert_eq!(found("//! What it is.\n\nfn a() {}\n"), 0);
        assert_eq!(found("//! What it is,\n//! on two lines.\n//!\n//! more\n"), 0);
        assert_eq!(
            [found(""), found("fn a() {}\n"), found("//!\n"), found("// What it is.\n"), found("//! module\n")],
            [1; 5]
        );
    }
}
