//! Rule: a file has at most 450 lines of code; comments, blank lines and tests do not count.

use super::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

/// Lines of code.
const LIMIT: usize = 450;

/// Files that may be longer, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Files that are too long, and exceptions that are needed no more.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.sources.iter().filter(|source| source.is_rust() && !source.is_test());
    let long = sources.filter(|source| source.lines_of_code() > LIMIT && !is_excepted(source, EXCEPTIONS));
    let stale =
        EXCEPTIONS.iter().filter(|(path, _)| tree.source(path).is_none_or(|source| source.lines_of_code() <= LIMIT));
    long.map(too_long)
        .chain(stale.map(|(path, _)| Finding::file(*path, "needs no exception from the length rule any more")))
        .collect()
}

fn is_excepted(source: &Source, exceptions: &[(&str, &str)]) -> bool {
    exceptions.iter().any(|(path, _)| *path == source.path)
}

fn too_long(source: &Source) -> Finding {
    let text = format!("{} lines of code, {LIMIT} are the most: divide the file by its nouns", source.lines_of_code());
    Finding::file(&source.path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, lines: usize) -> usize {
        let text = "//! Head.\n\n".to_owned() + &"fn a() {}\n".repeat(lines);
        check(&Tree { packages: vec![], sources: vec![Source::new(path, text)] }).len()
    }

    #[test]
    fn only_code_counts() {
        assert_eq!(found("crates/base/a/src/b.rs", LIMIT), 0);
        assert_eq!(found("crates/base/a/src/b.rs", LIMIT + 1), 1);
        assert_eq!(found("crates/base/a/tests/b.rs", LIMIT + 1), 0);
    }

    #[test]
    fn exceptions_have_reasons() {
        assert!(EXCEPTIONS.iter().all(|(_, reason)| reason.len() > 20));
        assert!(is_excepted(&Source::new("a.rs", ""), &[("a.rs", "")]));
    }
}
