//! The kernel's version, as far as profiles ask for it.

use std::fmt;

use thiserror::Error;

/// Major and minor version of a kernel; profiles compare no more than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    /// The 6 of 6.18.
    pub major: u32,
    /// The 18 of 6.18.
    pub minor: u32,
}

/// The text does not begin with two numbers.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("kernel release {release:?} does not begin with a version such as 6.1")]
pub struct KernelVersionError {
    release: String,
}

impl KernelVersion {
    /// Reads a release as uname(2) gives it: `6.18.0-rc1+`, `3.12-1-amd64`.
    ///
    /// # Errors
    /// When it does not begin with two numbers and a dot between them.
    pub fn from_release(release: &str) -> Result<Self, KernelVersionError> {
        let version = || {
            let (major, rest) = release.split_once('.')?;
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            Some(Self { major: major.parse().ok()?, minor: rest[..digits].parse().ok()? })
        };
        version().ok_or_else(|| KernelVersionError { release: release.to_owned() })
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_all_sorts() {
        for (release, major, minor) in
            [("6.18.0", 6, 18), ("3.12-1-amd64", 3, 12), ("4.8", 4, 8), ("5.10.0-rc5+", 5, 10)]
        {
            assert_eq!(KernelVersion::from_release(release).unwrap(), KernelVersion { major, minor });
        }
        for release in ["", "6", "6.", "six.one", "-1.2"] {
            assert!(KernelVersion::from_release(release).is_err(), "{release}");
        }
    }

    #[test]
    fn order_is_by_number() {
        let version = |text| KernelVersion::from_release(text).unwrap();
        assert!(version("4.10") > version("4.8") && version("10.0") > version("9.99"));
    }
}
