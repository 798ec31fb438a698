//! Reads `WWW-Authenticate` (RFC 9110, section 11.6.1): one challenge for each header, as registries send them.

use http::{HeaderMap, header};

/// The longest header and the most parameters that are looked at.
const LONGEST: usize = 8192;
const MOST: usize = 32;

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme in lower case: `basic`, `bearer`.
    pub scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let is_token = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_token.then(|| Self { scheme: scheme.to_ascii_lowercase(), parameters: parameters(rest) })
    }
}

/// All challenges of an answer.
pub fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let texts = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    texts.filter(|text| text.len() <= LONGEST).filter_map(Challenge::read).take(MOST).collect()
}

/// `name=value` and `name="value"`, separated by commas. What does not fit ends the list.
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut list = Vec::new();
    while list.len() < MOST {
        text = text.trim_start_matches([' ', '\t', ',']);
        let Some((name, rest)) = text.split_once('=') else { break };
        let Some((value, rest)) = value(rest) else { break };
        list.push((name.trim().to_ascii_lowercase(), value));
        text = rest;
    }
    list
}

/// A value and what follows it. In quotes, a backslash takes the next character as it is.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_registries_send() {
        let text = r#"Bearer realm="https://auth.example/token",service="reg,istry", scope="repository:a/b:pull,push",error=x"#;
        let challenge = Challenge::read(text).unwrap();
        assert_eq!(challenge.scheme, "bearer");
        assert_eq!(challenge.parameter("realm"), Some("https://auth.example/token"));
        assert_eq!(challenge.parameter("service"), Some("reg,istry"));
        assert_eq!(challenge.parameter("scope"), Some("repository:a/b:pull,push"));
        assert_eq!(challenge.parameter("error"), Some("x"));
        assert_eq!(Challenge::read("BASIC Realm=\"a \\\"b\\\"\"").unwrap().parameter("realm"), Some("a \"b\""));
        assert_eq!(Challenge::read("Negotiate").unwrap().scheme, "negotiate");
    }

    #[test]
    fn rubbish_gives_no_parameters() {
        for text in ["Bearer", "Bearer realm", "Bearer realm=\"x", "Bearer realm=\"x\\", "Bearer ====", "Bearer ,,,"] {
            assert_eq!(Challenge::read(text).unwrap().parameter("realm"), None, "{text}");
        }
        assert_eq!(Challenge::read(""), None);
        assert_eq!(Challenge::read("Bé realm=x"), None);
        let many = format!("Bearer {}", "a=b,".repeat(10_000));
        assert_eq!(Challenge::read(&many).unwrap().parameters.len(), MOST);
    }
}
