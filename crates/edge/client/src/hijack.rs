//! Connections that leave HTTP: attach and exec.
//!
//! ```text
//! client                                   daemon
//!   POST …/attach, Upgrade: tcp  ─────────►
//!                                ◄─────────  101 UPGRADED  (200 OK from daemons without upgrade)
//!   standard input               ─────────►
//!                                ◄─────────  output, raw or multiplexed
//!   shutdown(write)              ─────────►  end of input; output goes on
//! ```
//!
//! The head is written and read by hand, because the connection must become a plain stream with whatever bytes came
//! right behind the head, for a status of 200 as well as 101.

use crate::Error;
use crate::client::refusal;
use crate::transport::{ReadHalf, Stream, WriteHalf};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The longest head that is accepted, in bytes.
const HEAD_LIMIT: usize = 64 << 10;

/// A connection after the handshake.
pub struct Hijacked {
    /// Output that arrived together with the head.
    pub early: Bytes,
    /// The daemon's side.
    pub reader: ReadHalf,
    /// Our side; shutting it down ends the input and leaves the output open.
    pub writer: WriteHalf,
    /// The media type: `application/vnd.docker.multiplexed-stream` when output and error are framed.
    pub content_type: String,
}

/// The head of the request.
pub(crate) struct Head<'a, H> {
    pub method: &'a str,
    pub url: &'a str,
    pub host: &'a str,
    pub user_agent: &'a str,
    pub headers: H,
}

impl<'a, H: Iterator<Item = &'a (String, String)>> Head<'a, H> {
    fn print(self, body: &[u8]) -> Result<Vec<u8>, Error> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n",
            self.method, self.url, self.host, self.user_agent
        );
        for (name, value) in self.headers {
            if name.contains(['\r', '\n', ':']) || value.contains(['\r', '\n']) {
                return Err(Error::Transport(format!("invalid header {name:?}")));
            }
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {}\r\n\r\n", body.len()));
        Ok([text.as_bytes(), body].concat())
    }
}

/// Sends the request and waits for the connection to become a stream.
pub(crate) async fn start<'a, H>(mut stream: Stream, head: Head<'a, H>, body: &[u8]) -> Result<Hijacked, Error>
where
    H: Iterator<Item = &'a (String, String)>,
{
    let url = head.url.to_string();
    let message = head.print(body)?;
    stream.write_all(&message).await?;
    stream.flush().await?;
    let mut buffer = BytesMut::with_capacity(4096);
    let end = loop {
        if let Some(end) = head_end(&buffer) {
            break end;
        }
        if buffer.len() > HEAD_LIMIT || stream.read_buf(&mut buffer).await? == 0 {
            return Err(Error::Protocol { step: "take over the connection", cause: "unexpected EOF".into() });
        }
    };
    let head = String::from_utf8_lossy(&buffer.split_to(end)).into_owned();
    let (status, reason) = status(&head)?;
    let header = |name: &str| header(&head, name);
    if !matches!(status, 101 | 200) {
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(u64::MAX);
        let body = rest(&mut stream, buffer, length.min(HEAD_LIMIT as u64)).await?;
        return Err(refusal(status, &reason, &url, &unchunk(&body, header("transfer-encoding").is_some())));
    }
    let content_type = header("content-type").unwrap_or_default();
    let (reader, writer) = tokio::io::split(stream);
    Ok(Hijacked { early: buffer.freeze(), reader, writer, content_type })
}

fn head_end(buffer: &[u8]) -> Option<usize> {
    buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn status(head: &str) -> Result<(u16, String), Error> {
    let line = head.lines().next().unwrap_or("");
    let mut words = line.splitn(2, ' ');
    let version = words.next().unwrap_or("");
    let reason = words.next().unwrap_or("").to_string();
    match reason.get(..3).and_then(|code| code.parse().ok()) {
        Some(code) if version.starts_with("HTTP/1.") => Ok((code, reason)),
        _ => Err(Error::Protocol {
            step: "take over the connection",
            cause: format!("malformed HTTP response {line:?}"),
        }),
    }
}

fn header(head: &str, wanted: &str) -> Option<String> {
    head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_string())
    })
}

async fn rest(stream: &mut Stream, mut buffer: BytesMut, length: u64) -> Result<Bytes, Error> {
    // Chunked answers end with an empty chunk; the daemon may keep the connection open behind it.
    while (buffer.len() as u64) < length && !buffer.ends_with(b"0\r\n\r\n") {
        if stream.read_buf(&mut buffer).await? == 0 {
            break;
        }
    }
    Ok(buffer.freeze())
}

fn unchunk(body: &[u8], chunked: bool) -> Vec<u8> {
    if !chunked {
        return body.to_vec();
    }
    let (mut out, mut rest) = (Vec::new(), body);
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let data = &rest[line + 2..];
        let Some(chunk) = size.filter(|size| *size > 0).and_then(|size| data.get(..size)) else { break };
        out.extend_from_slice(chunk);
        rest = data.get(chunk.len() + 2..).unwrap_or(&[]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_taken_apart() {
        let head = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nupgrade: tcp\r\n\r\n";
        assert_eq!(head_end(head.as_bytes()), Some(head.len()));
        assert_eq!(status(head).unwrap(), (101, "101 UPGRADED".into()));
        assert_eq!(header(head, "content-type").as_deref(), Some("application/vnd.docker.raw-stream"));
        assert!(status("SSH-2.0-x\r\n\r\n").is_err());
        assert!(status("HTTP/1.1 x\r\n\r\n").is_err());
    }

    #[test]
    fn chunked_refusals_are_joined() {
        assert_eq!(unchunk(b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", true), b"hello!");
        assert_eq!(unchunk(b"ffffffffffffffff\r\nx", true), b"");
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        let headers = [("X-A".to_string(), "b\r\nX-Evil: 1".to_string())];
        let head = Head { method: "POST", url: "/x", host: "h", user_agent: "u", headers: headers.iter() };
        assert!(head.print(b"").is_err());
    }
}
