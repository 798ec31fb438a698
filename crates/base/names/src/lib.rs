//! Container ids and names, image references, digests, platforms.
//!
//! A string from outside becomes one of these types where it enters and stays one; none of them can hold a path
//! separator where it has no place, `..`, NUL or a letter outside ASCII, so they may be used to build paths and URLs.
//! The texts of the errors are Docker's.

#![forbid(unsafe_code)]

mod container_name;
mod digest;
mod echo;
mod id;
mod platform;
mod prefix;
mod reference;

pub use container_name::{ContainerName, ContainerNameError, is_restricted_name};
pub use digest::{Algorithm, Digest, DigestError};
pub use id::{ContainerId, ExecId, IdError, NetworkId};
pub use platform::{Platform, PlatformError};
pub use prefix::{Prefix, PrefixError};
pub use reference::{DEFAULT_DOMAIN, DEFAULT_TAG, Reference, ReferenceError};

/// Implements serde through `Display` and `FromStr`: the type is a string on the wire and is checked when it is read.
macro_rules! serde_as_string {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use serde_as_string;

#[cfg(test)]
mod hostile {
    /// Strings that must never become a name of anything (CVE-2014-9358 and its kin).
    pub fn strings() -> Vec<String> {
        let mut all: Vec<String> = [
            "",
            "/",
            "//",
            ".",
            "..",
            "../..",
            "a/../b",
            "a/..",
            "../a",
            "a//b",
            "%2e%2e",
            "a%2fb",
            "a\0b",
            "\0",
            "a b",
            " a",
            "a\n",
            "a\\b",
            "аpple",
            "ａpple",
            "a\u{202e}b",
            "naïve",
            "a\u{2024}b",
            "ﬁle",
            "Ⅷ",
            "a;b",
            "$(x)",
            "-",
            "-rf",
            "a@",
            "@",
        ]
        .map(str::to_owned)
        .into();
        all.push("../".repeat(1000));
        all.push("a".repeat(1 << 20));
        all.push("A".repeat(1 << 20));
        all.push("é".repeat(1 << 20));
        all.push(":".repeat(1 << 20));
        all
    }
}
