//! As much of HTTP/1.1 as a lying server needs: it writes lengths that are wrong when told so.

use std::io::{self, BufRead, Read, Write};

/// The longest head and the longest body that are read, in bytes.
const LONGEST: u64 = 1 << 20;

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD`, `POST` …
    pub method: String,
    /// The path without the query, as it was sent.
    pub path: String,
    /// The query without its question mark.
    pub query: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first value of a header; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads the next request of a connection; `None` at its end.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.by_ref().take(LONGEST).read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let Some((first, rest)) = lines.split_first() else { return Ok(None) };
        let mut request = Self::head(first, rest);
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        stream.by_ref().take(LONGEST.min(length)).read_to_end(&mut request.body)?;
        Ok(Some(request))
    }

    fn head(first: &str, lines: &[String]) -> Self {
        let mut words = first.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() }
    }
}

/// An answer before it is bent.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".into(), content_type.into())], body: body.into() }
    }

    pub fn json(status: u16, value: serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// An error in the distribution API's form.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, serde_json::json!({"errors": [{"code": code, "message": message}]}))
    }

    /// Sets a header over an older one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Writes the head; `length` is what it claims the body to have, `None` announces chunks.
    pub fn write_head(&self, stream: &mut impl Write, length: Option<u64>) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match length {
            Some(length) => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
            None => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
        }
        stream.write_all(head.as_bytes())
    }
}
