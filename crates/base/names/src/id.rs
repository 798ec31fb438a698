//! Ids of objects: 64 lower-case hex digits, made from 32 random bytes.

use std::fmt;
use std::str::FromStr;

use crate::digest::{is_hex, push_hex};

/// A string is no id: it has not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid id: not 64 lower-case hex digits")]
pub struct IdError;

/// The number of digits that lists show.
const SHORT: usize = 12;

/// Makes the 64 digits. An id whose first twelve digits are all decimal would be a bad host name, so its first digit
/// becomes a letter.
fn digits(random: [u8; 32]) -> String {
    let mut text = String::with_capacity(64);
    push_hex(&mut text, &random);
    if text.bytes().take(SHORT).all(|byte| byte.is_ascii_digit()) {
        let letter = char::from(b'a' + text.as_bytes()[0] % 6);
        text.replace_range(..1, letter.encode_utf8(&mut [0; 4]));
    }
    text
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Makes an id from 32 random bytes.
            pub fn from_random(random: [u8; 32]) -> Self {
                Self(digits(random))
            }

            /// The 64 digits; safe as a file name.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first twelve digits, as lists show them.
            pub fn short(&self) -> &str {
                &self.0[..SHORT]
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() == 64 && is_hex(text) { Ok(Self(text.to_owned())) } else { Err(IdError) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.short())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        crate::serde_as_string!($name);
    };
}

id! {
    /// The id of a container.
    ContainerId
}
id! {
    /// The id of one `exec` in a container.
    ExecId
}
id! {
    /// The id of a network.
    NetworkId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_64_digits_and_a_short_form() {
        let id = ContainerId::from_random([0xc4; 32]);
        assert_eq!(id.as_str(), "c4".repeat(32));
        assert_eq!(id.short(), "c4c4c4c4c4c4");
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn the_short_form_is_never_a_number() {
        for byte in 0..=0x99 {
            let id = ContainerId::from_random([byte; 32]);
            assert!(id.short().parse::<u64>().is_err(), "{id}");
            assert_eq!(id.as_str().parse(), Ok(id));
        }
    }

    #[test]
    fn refuses_hostile_strings() {
        let near = [
            "a".repeat(63),
            "a".repeat(65),
            "A".repeat(64),
            format!("{}/", "a".repeat(63)),
            format!("{}..", "a".repeat(62)),
        ];
        for text in crate::hostile::strings().into_iter().chain(near) {
            assert_eq!(text.parse::<ContainerId>(), Err(IdError));
        }
    }
}
