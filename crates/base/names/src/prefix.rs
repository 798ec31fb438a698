//! Finds an object by the first digits of its id.

use crate::digest::is_hex;
use crate::echo::echo;

/// Why a prefix names no single object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// No id begins like this.
    #[error("no such id: {0}")]
    NotFound(String),
    /// More than one id begins like this.
    #[error("multiple IDs found with provided prefix: {0}")]
    Ambiguous(String),
}

/// The first 1 to 64 hex digits of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Takes `text` where it can be the beginning of an id; anything else names no id.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        let fits = (1..=64).contains(&text.len()) && is_hex(text);
        if fits { Ok(Self(text.to_owned())) } else { Err(PrefixError::NotFound(echo(text))) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Picks the one of `ids` that begins with this prefix; an id that equals it wins over longer ones.
    pub fn resolve<I: AsRef<str>>(&self, ids: impl IntoIterator<Item = I>) -> Result<I, PrefixError> {
        let mut found = None;
        let mut several = false;
        for id in ids.into_iter().filter(|id| id.as_ref().starts_with(&self.0)) {
            if id.as_ref().len() == self.0.len() {
                return Ok(id);
            }
            several = found.replace(id).is_some() || several;
        }
        match found {
            Some(_) if several => Err(PrefixError::Ambiguous(self.0.clone())),
            Some(id) => Ok(id),
            None => Err(PrefixError::NotFound(self.0.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: &str, expect: Result<&str, PrefixError>) {
        let ids = ["abc1", "abd1", "abc", "b000"];
        assert_eq!(Prefix::parse(prefix).and_then(|prefix| prefix.resolve(ids)), expect, "{prefix}");
    }

    #[test]
    fn exactly_one_none_or_ambiguous() {
        check("b", Ok("b000"));
        check("abd", Ok("abd1"));
        check("abc", Ok("abc"));
        check("ab", Err(PrefixError::Ambiguous("ab".into())));
        check("c", Err(PrefixError::NotFound("c".into())));
        check("B", Err(PrefixError::NotFound("B".into())));
    }

    #[test]
    fn a_hostile_prefix_names_nothing() {
        for text in crate::hostile::strings() {
            assert!(matches!(Prefix::parse(&text), Err(PrefixError::NotFound(shown)) if shown.len() < 1024));
        }
    }
}
