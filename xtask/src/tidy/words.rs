//! Rule: nothing that only means something on one person's machine, or to one person's tools.
//!
//! The words are written in parts, so that this file does not break its own rule.

use super::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

/// Where a word counts.
#[derive(Clone, Copy)]
enum Place {
    /// Anywhere, in any case.
    Anywhere,
    /// Only as the beginning of an absolute path.
    Path,
    /// Only as a whole word in this case.
    Word,
}

/// A word, and why it has no place here.
type Rule = (&'static [&'static str], Place, &'static str);

const RULES: &[Rule] = &[
    (&["/wo", "rk/"], Place::Path, MACHINE),
    (&["/tmp/sl", "ot"], Place::Path, MACHINE),
    (&["/root/.car", "go"], Place::Path, MACHINE),
    (&["crates", ".io"], Place::Anywhere, HOST),
    (&["pypi", ".org"], Place::Anywhere, HOST),
    (&["npmjs", ".org"], Place::Anywhere, HOST),
    (&["npmjs", ".com"], Place::Anywhere, HOST),
    (&["rubygems", ".org"], Place::Anywhere, HOST),
    (&["proxy.golang", ".org"], Place::Anywhere, HOST),
    (&["clau", "de"], Place::Anywhere, TOOL),
    (&["anthro", "pic"], Place::Anywhere, TOOL),
    (&["chat", "gpt"], Place::Anywhere, TOOL),
    (&["copi", "lot"], Place::Anywhere, TOOL),
    (&["TO", "DO"], Place::Word, OPEN),
    (&["FIX", "ME"], Place::Word, OPEN),
];

const MACHINE: &str = "is a path of one machine";
const HOST: &str = "names a package registry: say what is meant, not where it is kept";
const TOOL: &str = "names a tool that is no part of the project";
const OPEN: &str = "marks something as unfinished: finish it, or open an issue and say its number";

/// Written by cargo.
const EXEMPT: [&str; 1] = ["Cargo.lock"];

/// Lines with words that have no place here.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.sources.iter().filter(|source| !EXEMPT.contains(&source.path.as_str()));
    sources.flat_map(|source| RULES.iter().flat_map(|rule| check_word(source, rule))).collect()
}

fn check_word(source: &Source, (parts, place, why): &Rule) -> Vec<Finding> {
    let word = parts.concat();
    let lines = source.text.lines().zip(1..).filter(|(line, _)| has(line, &word, *place));
    lines.map(|(_, number)| Finding::line(&source.path, number, format!("`{word}` {why}"))).collect()
}

fn has(line: &str, word: &str, place: Place) -> bool {
    let before = |at: usize| line[..at].chars().next_back();
    let after = |at: usize| line[at + word.len()..].chars().next();
    let is_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_path = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_-./}*>)~$".contains(c));
    match place {
        Place::Anywhere => line.to_ascii_lowercase().contains(word),
        Place::Path => line.match_indices(word).any(|(at, _)| !is_path(before(at))),
        Place::Word => line.match_indices(word).any(|(at, _)| !is_name(before(at)) && !is_name(after(at))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: String) -> Vec<String> {
        let tree = Tree { packages: vec![], sources: vec![Source::new(path, text)] };
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_word_is_found() {
        for (parts, _, why) in RULES {
            let word = parts.concat();
            let found = findings("a.md", format!("fine\nsee {word} x\n"));
            assert_eq!(found, [format!("a.md:2: `{word}` {why}")], "{word}");
        }
    }

    #[test]
    fn words_within_other_words_are_none() {
        for text in
            [["overlay/wo", "rk/x"], ["{upper}/wo", "rk/x"], ["TO", "DOS"], ["mkstemp.TO", "DO_X"], ["/wo", "rker/"]]
        {
            assert!(findings("a.rs", text.concat()).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn case_does_not_hide_a_name() {
        assert_eq!(findings("a.md", ["Crates", ".IO"].concat()).len(), 1);
        assert!(findings("Cargo.lock", ["crates", ".io"].concat()).is_empty());
    }
}
