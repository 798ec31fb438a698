//! A digest: an algorithm and the hash in lower-case hex, as `sha256:…`.

use std::fmt;
use std::str::FromStr;

/// The hash algorithms that content may be named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256; what everyone uses.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The name in front of the colon.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The number of hex digits of a hash.
    pub fn hex_length(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }
}

/// Why a string is no digest; the texts are those of the library that Docker uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// There is no `algorithm:hex` in it, or the hash has other characters than lower-case hex digits.
    #[error("invalid checksum digest format")]
    Format,
    /// The hash has not the algorithm's length.
    #[error("invalid checksum digest length")]
    Length,
    /// The algorithm is none that Gantry knows.
    #[error("unsupported digest algorithm")]
    Unsupported,
}

/// The name of content by its hash. Two equal digests name the same bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    /// The whole text, `sha256:…`.
    text: String,
}

impl Digest {
    /// The digest of content whose SHA-256 is `hash`.
    pub fn sha256(hash: [u8; 32]) -> Self {
        Self::of(Algorithm::Sha256, &hash)
    }

    /// The digest of content whose SHA-512 is `hash`.
    pub fn sha512(hash: [u8; 64]) -> Self {
        Self::of(Algorithm::Sha512, &hash)
    }

    fn of(algorithm: Algorithm, hash: &[u8]) -> Self {
        let mut text = format!("{}:", algorithm.name());
        push_hex(&mut text, hash);
        Self { algorithm, text }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hash in lower-case hex; safe as a file name.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.name().len() + 1..]
    }

    /// The first twelve digits of the hash, as lists show them.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    /// The whole text, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Appends `bytes` in lower-case hex.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
}

/// Whether `text` has lower-case hex digits only (also true when it is empty).
pub(crate) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Format)?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ if is_algorithm(name) && is_encoded(hex) => return Err(DigestError::Unsupported),
            _ => return Err(DigestError::Format),
        };
        match hex {
            "" => Err(DigestError::Format),
            _ if hex.len() != algorithm.hex_length() => Err(DigestError::Length),
            _ if !is_hex(hex) => Err(DigestError::Format),
            _ => Ok(Self { algorithm, text: text.to_owned() }),
        }
    }
}

/// `[a-z0-9]+([.+_-][a-z0-9]+)*`, as the image specification has it.
fn is_algorithm(name: &str) -> bool {
    name.split(['.', '+', '_', '-'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn is_encoded(hash: &str) -> bool {
    !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"=_-".contains(&b))
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

crate::serde_as_string!(Digest);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&str, DigestError>) {
        let parsed = text.parse::<Digest>();
        assert_eq!(parsed.as_ref().map(Digest::hex), expect.as_ref().map(|hex| *hex), "{text}");
    }

    #[test]
    fn reads_what_it_writes() {
        let digest = Digest::sha256([0xab; 32]);
        assert_eq!(digest.to_string(), format!("sha256:{}", "ab".repeat(32)));
        assert_eq!(digest.short(), "abababababab");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let long = Digest::sha512([0x01; 64]);
        assert_eq!((long.algorithm(), long.hex().len()), (Algorithm::Sha512, 128));
        assert_eq!(long.as_str().parse(), Ok(long));
    }

    #[test]
    fn says_what_is_wrong() {
        let hex = "0".repeat(64);
        check(&format!("sha256:{hex}"), Ok(&hex));
        check(&format!("sha256:{hex}0"), Err(DigestError::Length));
        check("sha256:abc", Err(DigestError::Length));
        check(&format!("sha256:{}", "A".repeat(64)), Err(DigestError::Format));
        check(&format!("sha256:{}", "g".repeat(64)), Err(DigestError::Format));
        check(&format!("sha256:{}/", "a".repeat(63)), Err(DigestError::Format));
        check(&format!("md5:{hex}"), Err(DigestError::Unsupported));
        check(&format!("SHA256:{hex}"), Err(DigestError::Format));
        check("sha256:", Err(DigestError::Format));
        check(&format!(":{hex}"), Err(DigestError::Format));
        check(&hex, Err(DigestError::Format));
    }

    #[test]
    fn refuses_hostile_strings_bare_and_as_a_hash() {
        for text in crate::hostile::strings() {
            assert!(text.parse::<Digest>().is_err());
            assert!(format!("sha256:{text}").parse::<Digest>().is_err());
        }
    }
}
