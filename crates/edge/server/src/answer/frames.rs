//! Docker's multiplexed stream: 8 bytes of header (the stream's number, three zero bytes, the length as big-endian
//! 32-bit number), then so many bytes.

use api::version::ApiVersion;
use bytes::{BufMut, Bytes, BytesMut};
use engine::reply::{LogEntry, LogStream};
use jiff::Timestamp;

/// The content type of bytes without frames; before 1.42 also of those with.
pub(crate) const RAW: &str = "application/vnd.docker.raw-stream";
/// The content type of frames.
const MULTIPLEXED: &str = "application/vnd.docker.multiplexed-stream";

/// The content type that a version knows.
pub(crate) fn content_type(version: ApiVersion, terminal: bool) -> &'static str {
    if terminal || version < ApiVersion::v1(42) { RAW } else { MULTIPLEXED }
}

/// How the entries of a log are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Without frames.
    pub(crate) terminal: bool,
    /// With the time in front of each entry.
    pub(crate) timestamps: bool,
    /// With what the log driver noted in front of each entry.
    pub(crate) details: bool,
}

impl Layout {
    /// The entries as they go over the wire, together.
    pub(crate) fn write(self, entries: &[LogEntry]) -> Bytes {
        let text: usize = entries.iter().map(|entry| entry.line.len() + entry.details.len() + 48).sum();
        let mut wire = BytesMut::with_capacity(text);
        for entry in entries {
            self.write_one(entry, &mut wire);
        }
        wire.freeze()
    }

    fn write_one(self, entry: &LogEntry, wire: &mut BytesMut) {
        let header = wire.len();
        if !self.terminal {
            wire.put_u32(u32::from(number(entry.stream)) << 24);
            wire.put_u32(0);
        }
        let body = wire.len();
        if self.timestamps {
            wire.put_slice(timestamp(entry.time).as_bytes());
            wire.put_u8(b' ');
        }
        if self.details {
            wire.put_slice(entry.details.as_bytes());
            wire.put_u8(b' ');
        }
        wire.put_slice(&entry.line);
        if !self.terminal {
            // A line is at most some 16 KiB, its details some more.
            let length = u32::try_from(wire.len() - body).unwrap_or(u32::MAX);
            wire[header + 4..body].copy_from_slice(&length.to_be_bytes());
        }
    }
}

fn number(stream: LogStream) -> u8 {
    match stream {
        LogStream::Stdout => 1,
        LogStream::Stderr => 2,
    }
}

/// RFC 3339 with nine digits, in UTC.
fn timestamp(nanoseconds: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default();
    format!("{time:.9}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stream: LogStream, line: &'static str) -> LogEntry {
        let time = 1_700_000_000_000_000_000;
        LogEntry { stream, time, line: Bytes::from_static(line.as_bytes()), details: "a=1".into() }
    }

    #[test]
    fn entries_get_frames_unless_there_is_a_terminal() {
        let plain = Layout { terminal: false, timestamps: false, details: false };
        let wire = plain.write(&[entry(LogStream::Stdout, "hi\n"), entry(LogStream::Stderr, "no\n")]);
        assert_eq!(&wire[..], b"\x01\0\0\0\0\0\0\x03hi\n\x02\0\0\0\0\0\0\x03no\n");
        let wire = Layout { terminal: true, ..plain }.write(&[entry(LogStream::Stdout, "hi\n")]);
        assert_eq!(&wire[..], b"hi\n");
    }

    #[test]
    fn time_and_details_stand_in_front() {
        let all = Layout { terminal: true, timestamps: true, details: true };
        let wire = all.write(&[entry(LogStream::Stdout, "hi\n")]);
        assert_eq!(&wire[..], b"2023-11-14T22:13:20.000000000Z a=1 hi\n");
    }

    #[test]
    fn frames_have_a_content_type_since_1_42() {
        assert_eq!(content_type(ApiVersion::v1(41), false), RAW);
        assert_eq!(content_type(ApiVersion::v1(42), false), MULTIPLEXED);
        assert_eq!(content_type(ApiVersion::v1(42), true), RAW);
    }
}
