//! Requests to a daemon's socket, byte by byte as the test wants them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;
use testkit::PATIENCE;

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status; 0 where the server hung up without one.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The message of an error: of the whole answer, or the last line of a stream's.
    pub fn error(&self) -> Option<String> {
        let last: Value = serde_json::from_str(self.body.lines().last()?).ok()?;
        let message = if self.status >= 400 { &last["message"] } else { &last["error"] };
        message.as_str().map(str::to_owned)
    }

    /// A field of the body.
    pub fn field(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    }

    /// The message, which must be one clear line.
    #[track_caller]
    pub fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let message = self.error().unwrap_or_else(|| panic!("no message: {self:?}"));
        assert!(!message.is_empty() && !message.contains('\n'), "{message:?}");
        message
    }
}

/// Posts an archive.
pub fn post(socket: &Path, path: &str, body: Vec<u8>) -> Answer {
    post_as(socket, path, "application/x-tar", body)
}

/// Posts a body of this type.
pub fn post_as(socket: &Path, path: &str, kind: &str, body: Vec<u8>) -> Answer {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.0\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    ask(socket, &head, &body)
}

/// Sends these bytes and reads to the end. The server may answer, and hang up, before it has read everything.
pub fn ask(socket: &Path, head: &str, body: &[u8]) -> Answer {
    let mut stream = UnixStream::connect(socket).expect("connect to the daemon");
    stream.set_read_timeout(Some(PATIENCE)).expect("set a time limit");
    stream.set_write_timeout(Some(PATIENCE)).expect("set a time limit");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, body: body.to_owned() }
}
