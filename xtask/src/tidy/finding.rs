//! One place where a rule is broken.

use std::fmt;

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Finding {
    /// A finding about a whole file.
    pub fn file(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), line: 0, text: text.into() }
    }

    /// A finding about a line.
    pub fn line(path: impl Into<String>, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.into(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_compilers_write() {
        assert_eq!(Finding::line("a.rs", 7, "bad").to_string(), "a.rs:7: bad");
        assert_eq!(Finding::file("a.rs", "bad").to_string(), "a.rs: bad");
    }
}
