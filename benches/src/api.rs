//! A keep-alive HTTP client for one unix socket: enough to time requests without a client program.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A connection.
#[derive(Debug)]
pub struct Api {
    stream: BufReader<UnixStream>,
}

impl Api {
    /// Connects.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).with_context(|| format!("connect to {}", socket.display()))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request and reads the whole answer, which must be a success.
    pub fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let (status, length) = self.read_head()?;
        let answer = match length {
            Length::Bytes(count) => self.read_bytes(count)?,
            Length::Chunks => self.read_chunks()?,
        };
        match status {
            200..=299 => Ok(answer),
            _ => bail!("{method} {path}: {status}: {}", String::from_utf8_lossy(&answer)),
        }
    }

    fn read_head(&mut self) -> Result<(u16, Length)> {
        let status = self.read_line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).context("read a status line")?;
        let mut length = Length::Bytes(0);
        loop {
            let line = self.read_line()?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", count)) => length = Length::Bytes(count.trim().parse()?),
                Some(("transfer-encoding", _)) => length = Length::Chunks,
                None => return Ok((status, length)),
                _ => {}
            }
        }
    }

    fn read_chunks(&mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let count = usize::from_str_radix(&self.read_line()?, 16).context("read a chunk")?;
            all.extend(self.read_bytes(count)?);
            self.read_line()?;
            if count == 0 {
                return Ok(all);
            }
        }
    }

    fn read_bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn read_line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

/// How long a body is.
enum Length {
    Bytes(usize),
    Chunks,
}
