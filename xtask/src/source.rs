//! One file of the workspace.

use std::sync::OnceLock;

use crate::lexer;

/// A text file, by its path below the workspace's root.
#[derive(Debug)]
pub struct Source {
    /// With `/` between its parts.
    pub path: String,
    /// All of it.
    pub text: String,
    code: OnceLock<String>,
}

impl Source {
    /// A file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), code: OnceLock::new() }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of it is test.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("_test.rs")
            || self.path.split('/').any(|part| matches!(part, "tests" | "benches" | "testkit"))
    }

    /// Its code: comments and literals are blank.
    pub fn code(&self) -> &str {
        self.code.get_or_init(|| lexer::code(&self.text))
    }

    /// Number of lines that hold code, up to the tests, which come last.
    pub fn lines_of_code(&self) -> usize {
        let lines: Vec<&str> = self.code().lines().collect();
        let tests = lines
            .windows(2)
            .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
        lines[..tests.unwrap_or(lines.len())].iter().filter(|line| !line.trim().is_empty()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blank_lines_and_tests_are_no_code() {
        let text = "//! Head.\n\nfn a() {}\n#[cfg(test)]\nmod b;\n\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        assert_eq!(Source::new("src/lib.rs", text).lines_of_code(), 3);
    }

    #[test]
    fn tests_are_known_by_their_place() {
        let is_test = |path| Source::new(path, "").is_test();
        assert!(is_test("crates/base/names/src/reference_test.rs") && is_test("crates/host/nft/tests/a.rs"));
        assert!(!is_test("crates/base/names/src/reference.rs"));
    }
}
