//! Errors of reading JSON, in the words of Go's `encoding/json`, which users' scripts know.

use std::fmt;

use serde::de;
use serde_json::Value;

/// The text is not JSON, or not of the wanted shape.
#[derive(Debug)]
pub struct Error {
    /// Keys from the root to the value, joined by points.
    path: String,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Mismatch {
        found: String,
        wanted: &'static str,
    },
    /// More follows the document.
    Trailing(String),
    Text(String),
}

impl Error {
    pub(super) fn mismatch(found: &Value, wanted: &'static str) -> Self {
        // Go repeats a number that does not fit, but not one where no number is wanted.
        let is_number = ["int", "uint", "float"].iter().any(|kind| wanted.starts_with(kind));
        let found = match found {
            Value::Number(number) if is_number => format!("number {number}"),
            other => kind(other).to_owned(),
        };
        Self { path: String::new(), cause: Cause::Mismatch { found, wanted } }
    }

    /// Whether the document is followed by more.
    pub fn is_trailing(&self) -> bool {
        matches!(self.cause, Cause::Trailing(_))
    }

    /// The error with `key` in front of its path.
    pub(super) fn under(mut self, key: &str) -> Self {
        if !self.path.is_empty() {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, key);
        self
    }

    pub(super) fn syntax(text: &[u8], error: &serde_json::Error) -> Self {
        if error.is_eof() {
            return de::Error::custom("unexpected EOF");
        }
        match (place(&error.to_string()), character(text, error)) {
            (Some(place @ TRAILING), Some(found)) => {
                let cause = Cause::Trailing(format!("invalid character {found} {place}"));
                Self { path: String::new(), cause }
            }
            (Some(place), Some(found)) => de::Error::custom(format!("invalid character {found} {place}")),
            _ => de::Error::custom(error),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Go's word for the place behind the document.
const TRAILING: &str = "after top-level value";

/// Go's words for the places that `serde_json` tells apart.
fn place(error: &str) -> Option<&'static str> {
    let places = [
        ("expected value", "looking for beginning of value"),
        ("expected ident", "in literal"),
        ("key must be a string", "looking for beginning of object key string"),
        ("expected `:`", "after object key"),
        ("expected `,` or `}`", "after object key:value pair"),
        ("expected `,` or `]`", "after array element"),
        ("trailing comma", "looking for beginning of value"),
        ("trailing characters", TRAILING),
    ];
    places.iter().find(|(ours, _)| error.starts_with(ours)).map(|(_, go)| *go)
}

/// The offending character, quoted as Go does.
fn character(text: &[u8], error: &serde_json::Error) -> Option<String> {
    let line = text.split(|&byte| byte == b'\n').nth(error.line().checked_sub(1)?)?;
    let byte = *line.get(error.column().checked_sub(1)?)?;
    Some(match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b' '..=b'~' => format!("'{}'", char::from(byte)),
        _ => format!(r"'\x{byte:02x}'"),
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Mismatch { found, wanted } if self.path.is_empty() => {
                write!(f, "json: cannot unmarshal {found} into Go value of type {wanted}")
            }
            Cause::Mismatch { found, wanted } => {
                write!(f, "json: cannot unmarshal {found} into Go struct field {} of type {wanted}", self.path)
            }
            Cause::Text(text) | Cause::Trailing(text) if self.path.is_empty() => f.write_str(text),
            Cause::Text(text) | Cause::Trailing(text) => write!(f, "json: {}: {text}", self.path),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: String::new(), cause: Cause::Text(message.to_string()) }
    }
}
