//! API versions: `major.minor`, compared as numbers.

use std::fmt;

/// A version of the Engine API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16, pub u16);

impl Version {
    /// The newest version this client was written for.
    pub const NEWEST: Version = Version(1, 51);
    /// What a daemon speaks that does not say.
    pub const FALLBACK: Version = Version(1, 24);

    /// Reads `1.41`; a leading `v` is allowed.
    pub fn parse(text: &str) -> Option<Version> {
        let (major, minor) = text.strip_prefix('v').unwrap_or(text).split_once('.')?;
        Some(Version(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(Version::parse("1.9") < Version::parse("1.24"));
        assert_eq!(Version::parse("v1.41"), Some(Version(1, 41)));
        for wrong in ["", "1", "x.y", "1.2.3", "1.-1"] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }
}
