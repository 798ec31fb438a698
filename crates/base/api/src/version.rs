//! Versions of the API: `1.N`.

use std::fmt;
use std::str::FromStr;

/// A version of the API. The major number has been 1 for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// The number before the point.
    pub major: u16,
    /// The number after the point.
    pub minor: u16,
}

/// The newest version that Gantry speaks; also what a request without a version gets.
pub const NEWEST: ApiVersion = ApiVersion::v1(51);

/// The oldest version that Gantry speaks, as Docker since its release 25.
pub const OLDEST: ApiVersion = ApiVersion::v1(24);

impl ApiVersion {
    /// Version 1.`minor`.
    pub const fn v1(minor: u16) -> Self {
        Self { major: 1, minor }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is not `digits.digits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVersion;

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an API version")
    }
}

impl std::error::Error for NotAVersion {}

impl FromStr for ApiVersion {
    type Err = NotAVersion;

    /// Reads `1.51`; a `v` in front is not part of a version.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let (major, minor) = text.split_once('.').ok_or(NotAVersion)?;
        Ok(Self { major: digits(major)?, minor: digits(minor)? })
    }
}

fn digits(text: &str) -> Result<u16, NotAVersion> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotAVersion);
    }
    // Absurdly large numbers are versions still, and too new.
    Ok(text.parse().unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_order_by_number_not_by_text() {
        let of = |text: &str| text.parse::<ApiVersion>();
        assert!(of("1.9").unwrap() < of("1.24").unwrap());
        assert_eq!(of("1.51").unwrap(), NEWEST);
        assert_eq!(NEWEST.to_string(), "1.51");
        assert!(of("1.99999999999").unwrap() > NEWEST);
        for bad in ["", "1", "1.", ".1", "1.x", "v1.2", "1.-2", "1.+2", "1.2.3"] {
            assert_eq!(of(bad), Err(NotAVersion), "{bad}");
        }
    }
}
