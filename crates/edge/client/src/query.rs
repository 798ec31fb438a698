//! Query strings and path segments.

use std::fmt::Write;

/// A query string under construction; values are escaped as they come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// An empty query.
    pub fn new() -> Query {
        Query::default()
    }

    /// Adds `name=value`.
    pub fn set(mut self, name: &str, value: impl AsRef<str>) -> Query {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        escape(&mut self.0, name, b"");
        self.0.push('=');
        escape(&mut self.0, value.as_ref(), b"");
        self
    }

    /// Adds `name=1` when `on`, the form Docker's client uses for booleans.
    pub fn flag(self, name: &str, on: bool) -> Query {
        if on { self.set(name, "1") } else { self }
    }

    /// Adds `name=value` when there is a value.
    pub fn some(self, name: &str, value: Option<&str>) -> Query {
        match value {
            Some(value) if !value.is_empty() => self.set(name, value),
            _ => self,
        }
    }

    /// `?name=value…`, or nothing.
    pub(crate) fn suffix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("?{}", self.0) }
    }

    /// `text` as one segment of a path: everything but the unreserved characters, `:`, `@` and `/` is escaped, so an id
    /// with blanks, `?` or control characters cannot change the request. Image names keep their slashes.
    pub fn segment(text: &str) -> String {
        let mut out = String::new();
        escape(&mut out, text, b":@/");
        out
    }
}

fn escape(out: &mut String, text: &str, also_plain: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also_plain.contains(&byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn values_are_escaped() {
        let query =
            Query::new().set("filters", r#"{"a":["b c"]}"#).flag("all", true).flag("size", false).some("x", None);
        assert_eq!(query.suffix(), "?filters=%7B%22a%22%3A%5B%22b%20c%22%5D%7D&all=1");
        assert_eq!(Query::new().suffix(), "");
    }

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(Query::segment("a b?x=1#\r\nHost: evil"), "a%20b%3Fx%3D1%23%0D%0AHost:%20evil");
        assert_eq!(Query::segment("host:5000/team/app@sha256:ab"), "host:5000/team/app@sha256:ab");
    }
}
