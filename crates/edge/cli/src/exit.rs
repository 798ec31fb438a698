//! How a command ends when it does not end well.

use std::fmt;

/// A message for stderr, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The process's exit code.
    pub code: i32,
    /// Printed on stderr with a line break; nothing when empty.
    pub message: String,
}

impl Exit {
    /// Code 1 with a message, docker's usual failure.
    pub fn failure(message: impl fmt::Display) -> Exit {
        Exit { code: 1, message: message.to_string() }
    }

    /// A code alone, such as a container's.
    pub fn code(code: i32) -> Exit {
        Exit { code, message: String::new() }
    }

    /// The same with another code.
    pub fn with_code(mut self, code: i32) -> Exit {
        self.code = code;
        self
    }
}

impl From<client::Error> for Exit {
    fn from(error: client::Error) -> Exit {
        Exit::failure(error)
    }
}

impl From<std::io::Error> for Exit {
    fn from(error: std::io::Error) -> Exit {
        Exit::failure(error)
    }
}

/// An I/O error as Go prints it: verb, path and the system's words in lower case.
pub fn go_error(verb: &str, path: &std::path::Path, error: &std::io::Error) -> String {
    format!("{verb} {}: {}", path.display(), go_errno(error))
}

/// The system's words for an error, as Go prints them.
pub fn go_errno(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    match letters.next() {
        // Abbreviations such as "I/O" stay.
        Some(first) if letters.as_str().starts_with(|c: char| c.is_ascii_lowercase()) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => words.to_string(),
    }
}
