//! Credentials in the header `X-Registry-Auth`.

use api::auth::AuthConfig;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// The credentials; none where the header is missing or unreadable, which Docker takes for a pull without any.
pub(super) fn from_headers(headers: &HeaderMap) -> Option<AuthConfig> {
    let text = headers.get("x-registry-auth")?.as_bytes().trim_ascii();
    let json = URL_SAFE.decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
    let auth: AuthConfig = api::json::from_slice(&json).ok()?;
    (auth != AuthConfig::default()).then_some(auth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<AuthConfig> {
        let mut headers = HeaderMap::new();
        headers.insert("x-registry-auth", text.parse().unwrap());
        from_headers(&headers)
    }

    #[test]
    fn both_alphabets_are_read_with_padding_and_without() {
        let json = r#"{"username":"ü?>","password":"p"}"#;
        for text in [URL_SAFE.encode(json), STANDARD.encode(json), URL_SAFE.encode(json).replace('=', "")] {
            assert_eq!(read(&text).unwrap().username, "ü?>", "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_none() {
        assert_eq!(from_headers(&HeaderMap::new()), None);
        for text in ["", "e30=", "bnVsbA==", "!!!", "e30", "W10="] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
