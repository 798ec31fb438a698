//! Names of images: `domain/path:tag@digest`.
//!
//! The grammar is that of the distribution project's reference package; the normalisation is Docker's: a name without a
//! domain belongs to [`DEFAULT_DOMAIN`], and there to `library/` when it has a single component.

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, DigestError, is_hex};
use crate::echo::echo;

/// The domain of names that give none. It is part of Docker's contract: names are stored, shown and sent with it.
pub const DEFAULT_DOMAIN: &str = "docker.io";
/// An older name of the same registry, still accepted.
const LEGACY_DEFAULT_DOMAIN: &str = "index.docker.io";
/// Where single-component names of the default domain live.
const OFFICIAL: &str = "library/";
/// The tag that is meant when none is given.
pub const DEFAULT_TAG: &str = "latest";

/// The longest path, in bytes.
const LONGEST_PATH: usize = 255;
/// The longest tag, in bytes.
const LONGEST_TAG: usize = 128;
/// The longest whole reference that is looked at, in bytes; a valid one is shorter.
const LONGEST: usize = 1024;

/// Why a string is no reference; the texts are Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It does not follow the grammar.
    #[error("invalid reference format")]
    Format,
    /// The repository has upper-case letters.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    /// It looks like an image's id.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    Identifier(String),
    /// The path is longer than 255 bytes.
    #[error("repository name must not be more than 255 characters")]
    TooLong,
    /// What follows `@` looks like a digest and is none.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// The normalised name of an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry's host, with its port where one is given.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository within the registry, `library/busybox`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The repository with its domain, `docker.io/library/busybox`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// Whether neither a tag nor a digest is given.
    pub fn is_name_only(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    /// The same with the tag `latest` where neither a tag nor a digest is given.
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        if self.is_name_only() {
            self.tag = Some(DEFAULT_TAG.to_owned());
        }
        self
    }

    /// The repository with another tag, and no digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        if !is_tag(tag) {
            return Err(ReferenceError::Format);
        }
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The repository with a digest, and no tag.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The repository alone.
    pub fn name_only(&self) -> Self {
        Self { tag: None, digest: None, ..self.clone() }
    }

    /// The repository as people write it: without the default domain and `library/`.
    pub fn familiar_name(&self) -> String {
        if self.domain != DEFAULT_DOMAIN {
            return self.repository();
        }
        match self.path.strip_prefix(OFFICIAL) {
            Some(name) if !name.contains('/') => name.to_owned(),
            _ => self.path.clone(),
        }
    }

    /// The whole reference as people write it.
    pub fn familiar(&self) -> String {
        self.suffixed(self.familiar_name())
    }

    fn suffixed(&self, mut text: String) -> String {
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest.as_str());
        }
        text
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.len() > LONGEST {
            return Err(ReferenceError::Format);
        }
        if text.len() == 64 && is_hex(text) {
            return Err(ReferenceError::Identifier(text.to_owned()));
        }
        let (domain, rest) = split_domain(text);
        check_lowercase(&rest)?;
        let (name, digest) = match rest.split_once('@') {
            Some((name, digest)) => (name, Some(parse_digest(digest)?)),
            None => (rest.as_str(), None),
        };
        let (path, tag) = match name.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (name, None),
        };
        if !is_domain(&domain) || !is_path(path) || !tag.is_none_or(is_tag) {
            return Err(ReferenceError::Format);
        }
        if path.len() > LONGEST_PATH {
            return Err(ReferenceError::TooLong);
        }
        let digest = digest.map(str::parse).transpose()?;
        Ok(Self { domain, path: path.to_owned(), tag: tag.map(str::to_owned), digest })
    }
}

/// Splits off the domain, and adds what a short name leaves out. The first component is a domain when it has a dot or a
/// colon, is `localhost`, or has upper-case letters (no repository has them).
fn split_domain(text: &str) -> (String, String) {
    let (domain, path) = match text.split_once('/') {
        Some((LEGACY_DEFAULT_DOMAIN, path)) => (DEFAULT_DOMAIN, path),
        Some((first, path)) if is_meant_as_domain(first) => (first, path),
        _ => (DEFAULT_DOMAIN, text),
    };
    let official = domain == DEFAULT_DOMAIN && !path.contains('/');
    let path = if official { format!("{OFFICIAL}{path}") } else { path.to_owned() };
    (domain.to_owned(), path)
}

fn is_meant_as_domain(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first
}

/// The repository is what stands before the first colon, as Docker cuts it for its message.
fn check_lowercase(rest: &str) -> Result<(), ReferenceError> {
    let remote = rest.split(':').next().unwrap_or(rest);
    if remote.to_lowercase() == remote { Ok(()) } else { Err(ReferenceError::Uppercase(echo(remote))) }
}

/// Tells what has the form of a digest (and is checked later) from what has not.
fn parse_digest(text: &str) -> Result<&str, ReferenceError> {
    let (algorithm, hex) = text.split_once(':').ok_or(ReferenceError::Format)?;
    let well_formed = algorithm.split(['+', '.', '-', '_']).all(is_algorithm_component)
        && hex.len() >= 32
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    if well_formed { Ok(text) } else { Err(ReferenceError::Format) }
}

fn is_algorithm_component(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_alphabetic()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `host[:port]`, where the host is a DNS name, an IPv4 address or an IPv6 address in brackets.
fn is_domain(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, port)| {
            !address.is_empty()
                && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    match text.split_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => is_host(text),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

fn is_path(text: &str) -> bool {
    text.split('/').all(is_path_component)
}

/// Runs of `[a-z0-9]`, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| is_alphanumeric(*byte));
    ends(text.as_bytes().first())
        && ends(text.as_bytes().last())
        && text
            .split(|character: char| character.is_ascii() && is_alphanumeric(character as u8))
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-'))
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= LONGEST_TAG
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

impl fmt::Display for Reference {
    /// Writes the whole reference with its domain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.suffixed(self.repository()))
    }
}

crate::serde_as_string!(Reference);

#[cfg(test)]
#[path = "reference_test.rs"]
mod tests;
