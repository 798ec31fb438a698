//! Names of containers, and the pattern that volumes and others share with them.

use std::fmt;
use std::str::FromStr;

use crate::echo::echo;

/// The longest name, in bytes. Docker sets no bound; a longer one could be neither a file nor a DNS name.
const LONGEST: usize = 255;

/// A string is no name for a container; the text is Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid container name ({0}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")]
pub struct ContainerNameError(String);

/// A container's name, without the slash that the API puts in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerName(String);

impl ContainerName {
    /// The name, without a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` matches `[a-zA-Z0-9][a-zA-Z0-9_.-]+`: at least two characters, and never `.` or `..`.
pub fn is_restricted_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    (2..=LONGEST).contains(&text.len())
        && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl FromStr for ContainerName {
    type Err = ContainerNameError;

    /// Reads a name; one slash in front of it is dropped, as Docker does.
    fn from_str(text: &str) -> Result<Self, ContainerNameError> {
        let name = text.strip_prefix('/').unwrap_or(text);
        if is_restricted_name(name) { Ok(Self(name.to_owned())) } else { Err(ContainerNameError(echo(text))) }
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ContainerName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

crate::serde_as_string!(ContainerName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_docker_takes() {
        for name in ["web", "/web", "a1", "0x", "a_.-b", "web-1.example", "A..b", "a-"] {
            assert_eq!(name.parse::<ContainerName>().unwrap().as_str(), name.trim_start_matches('/'));
        }
    }

    #[test]
    fn refuses_the_rest_with_dockers_words() {
        for name in ["a", "/a", "//web", "web/", "-web", ".web", "_web", "we b", "wéb", "web\n", &"w".repeat(256)] {
            assert!(name.parse::<ContainerName>().is_err(), "{name}");
        }
        let error = "a/b".parse::<ContainerName>().unwrap_err();
        assert_eq!(error.to_string(), "Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    }

    #[test]
    fn refuses_hostile_strings_with_a_short_message() {
        for text in crate::hostile::strings() {
            assert!(text.parse::<ContainerName>().unwrap_err().to_string().len() < 1024);
        }
    }
}
