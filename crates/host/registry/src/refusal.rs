//! What a registry says when it refuses: the errors of the distribution API.

use names::Reference;
use serde::Deserialize;

use crate::auth::challenges;
use crate::error::Error;
use crate::wire::Answer;

/// The largest body of a refusal that is read, in bytes.
const LARGEST: usize = 64 << 10;
/// How much of a stranger's message is repeated, in characters.
const LONGEST_MESSAGE: usize = 1024;

/// The codes that Gantry treats in a way of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// `DENIED`.
    Denied,
    /// `UNAUTHORIZED`.
    Unauthorized,
    /// `MANIFEST_UNKNOWN`.
    ManifestUnknown,
    /// `NAME_UNKNOWN`.
    NameUnknown,
    /// `TOOMANYREQUESTS`.
    TooManyRequests,
    /// Any other, in upper case.
    Other(String),
}

impl Code {
    fn read(text: &str) -> Self {
        match text {
            "DENIED" => Self::Denied,
            "UNAUTHORIZED" => Self::Unauthorized,
            "MANIFEST_UNKNOWN" => Self::ManifestUnknown,
            "NAME_UNKNOWN" => Self::NameUnknown,
            "TOOMANYREQUESTS" => Self::TooManyRequests,
            other => Self::Other(other.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()),
        }
    }

    /// The code in Docker's messages: lower case with spaces.
    fn words(&self) -> String {
        match self {
            Self::Denied => "denied".into(),
            Self::Unauthorized => "unauthorized".into(),
            Self::ManifestUnknown => "manifest unknown".into(),
            Self::NameUnknown => "name unknown".into(),
            Self::TooManyRequests => "toomanyrequests".into(),
            Self::Other(code) => code.to_lowercase().replace('_', " "),
        }
    }
}

/// A refusal in Docker's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// The registry's code.
    pub code: Code,
    text: String,
}

impl Refusal {
    fn new(code: Code, message: &str, subject: &Subject) -> Self {
        let message: String = message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect();
        let cause = format!("{}: {message}", code.words());
        Self { text: subject.explain(&code, &cause), code }
    }

    /// Whether Docker answers this with 404.
    pub fn is_not_found(&self) -> bool {
        matches!(self.code, Code::Denied | Code::ManifestUnknown | Code::NameUnknown)
    }
}

/// What was asked for.
pub(crate) enum Subject {
    /// A manifest.
    Manifest(Reference),
    /// A blob.
    Blob(names::Digest),
    /// Something about a repository.
    Repository(Reference),
    /// A token.
    Token,
}

impl Subject {
    fn explain(&self, code: &Code, cause: &str) -> String {
        let (Subject::Manifest(reference) | Subject::Repository(reference)) = self else { return cause.to_owned() };
        let name = reference.familiar_name();
        match code {
            Code::Denied => {
                format!(
                    "pull access denied for {name}, repository does not exist or may require 'docker login': {cause}"
                )
            }
            Code::ManifestUnknown => format!("manifest for {} not found: {cause}", reference.familiar()),
            Code::NameUnknown => format!("repository {name} not found: {cause}"),
            _ => cause.to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    errors: Vec<Entry>,
    #[serde(default)]
    details: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Makes an error of an answer that is not a success. What another host than the registry says is not repeated.
pub(crate) async fn refuse(answer: Answer, subject: &Subject) -> Error {
    let status = answer.status;
    if let (Subject::Blob(digest), 404) = (subject, status.as_u16()) {
        return Error::UnknownBlob(digest.clone());
    }
    if !status.is_client_error() || !answer.is_own {
        return Error::Status(status.to_string());
    }
    if let Some(refusal) = from_challenge(&answer, subject) {
        return refusal.into();
    }
    let what = "refusal";
    match answer.body.all(LARGEST, what).await {
        Ok(bytes) => read(status.as_u16(), &bytes, subject),
        Err(_) => Error::Status(status.to_string()),
    }
}

/// The error of RFC 6750, section 3.1, in the challenge: how registries with tokens say that access is denied.
fn from_challenge(answer: &Answer, subject: &Subject) -> Option<Refusal> {
    let challenges = challenges(&answer.headers);
    let challenge = challenges.iter().find(|challenge| challenge.scheme == "bearer")?;
    let (code, message) = match challenge.parameter("error")? {
        "invalid_token" => (Code::Unauthorized, "authentication required"),
        "insufficient_scope" => (Code::Denied, "requested access to the resource is denied"),
        _ => return None,
    };
    Some(Refusal::new(code, challenge.parameter("error_description").unwrap_or(message), subject))
}

fn read(status: u16, bytes: &[u8], subject: &Subject) -> Error {
    let by_status = match status {
        401 => Code::Unauthorized,
        403 => Code::Denied,
        429 => Code::TooManyRequests,
        _ => Code::Other("UNKNOWN".into()),
    };
    let reason = match serde_json::from_slice::<Envelope>(bytes) {
        Ok(envelope) => {
            if let Some(first) = envelope.errors.first() {
                return Refusal::new(Code::read(&first.code), &first.message, subject).into();
            }
            if !envelope.details.is_empty() {
                return Refusal::new(by_status, &envelope.details, subject).into();
            }
            "no error details found in HTTP response body".to_owned()
        }
        Err(error) => error.to_string(),
    };
    if status == 401 {
        return Refusal::new(by_status, "authentication required", subject).into();
    }
    Error::Unreadable { status, reason, body: String::from_utf8_lossy(bytes).chars().take(256).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expect: &str) {
        let subject = Subject::Manifest("h:1/app:v1".parse().unwrap());
        assert_eq!(read(status, body.as_bytes(), &subject).to_string(), expect);
    }

    fn error(code: &str, message: &str) -> String {
        serde_json::json!({"errors": [{"code": code, "message": message, "detail": {"x": 1}}]}).to_string()
    }

    #[test]
    fn dockers_words() {
        check(
            404,
            &error("MANIFEST_UNKNOWN", "manifest unknown"),
            "manifest for h:1/app:v1 not found: manifest unknown: manifest unknown",
        );
        check(
            404,
            &error("NAME_UNKNOWN", "repository name not known to registry"),
            "repository h:1/app not found: name unknown: repository name not known to registry",
        );
        check(
            403,
            &error("DENIED", "requested access to the resource is denied"),
            "pull access denied for h:1/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        );
        check(401, &error("UNAUTHORIZED", "authentication required"), "unauthorized: authentication required");
        check(429, &error("TOOMANYREQUESTS", "slow down"), "toomanyrequests: slow down");
        check(400, &error("TAG_INVALID", "x"), "tag invalid: x");
        check(429, r#"{"details":"limit"}"#, "toomanyrequests: limit");
        check(401, "<html>", "unauthorized: authentication required");
    }

    #[test]
    fn rubbish_is_quoted_and_cut() {
        check(404, "<html>", "error parsing HTTP 404 response body: expected value at line 1 column 1: \"<html>\"");
        let subject = Subject::Token;
        let long = error("X", &"a\u{1b}".repeat(100_000));
        assert!(read(400, long.as_bytes(), &subject).to_string().len() < 1100);
        assert!(read(400, &b"x".repeat(10_000), &subject).to_string().len() < 1100);
        let code = error(&"Y".repeat(10_000), "z");
        assert!(read(400, code.as_bytes(), &subject).to_string().len() < 100);
    }
}
