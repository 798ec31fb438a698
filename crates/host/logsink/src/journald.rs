//! The journal's own protocol: one datagram for each record.
//!
//! <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>

use fault::Result;
use human::Instant;
use jiff::tz::TimeZone;
use logdriver::Stream;

use crate::info::Info;
use crate::message::Message;
use crate::options::{Options, known};

const OPTIONS: [&str; 5] = ["env", "env-regex", "labels", "labels-regex", "tag"];
/// Where the journal listens.
pub(crate) const SOCKET: &str = "/run/systemd/journal/socket";
const PRIORITY_ERROR: &str = "3";
const PRIORITY_INFORMATIONAL: &str = "6";

pub(crate) fn check(options: &Options) -> Result<()> {
    known(options, "journald", &OPTIONS)
}

/// The datagram of a message.
pub(crate) fn encode(info: &Info, message: &Message) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.line.len() + 500);
    let priority = if message.stream == Stream::Stderr { PRIORITY_ERROR } else { PRIORITY_INFORMATIONAL };
    let time = human::rfc3339_nano(Instant::from_nanos(message.time), &TimeZone::UTC);
    push(&mut out, "MESSAGE", &message.line);
    for (name, value) in [
        ("PRIORITY", priority),
        ("CONTAINER_ID", info.short_id()),
        ("CONTAINER_ID_FULL", &info.id),
        ("CONTAINER_NAME", &info.name),
        ("CONTAINER_TAG", &info.tag),
        ("IMAGE_NAME", &info.image_name),
        ("SYSLOG_IDENTIFIER", &info.tag),
        ("SYSLOG_TIMESTAMP", &time),
    ] {
        push(&mut out, name, value.as_bytes());
    }
    for (name, value) in &info.attributes {
        push(&mut out, &field(name), value.as_bytes());
    }
    if let Some(partial) = &message.partial {
        push(&mut out, "CONTAINER_PARTIAL_MESSAGE", b"true");
        push(&mut out, "CONTAINER_PARTIAL_ID", partial.id.as_bytes());
        push(&mut out, "CONTAINER_PARTIAL_ORDINAL", partial.ordinal.to_string().as_bytes());
        push(&mut out, "CONTAINER_PARTIAL_LAST", partial.last.to_string().as_bytes());
    }
    out
}

/// A value with a line break has its length in front, in 64 bits, little end first.
fn push(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if name.is_empty() {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        out.push(b'\n');
        out.extend((value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// The journal's names have capitals, digits and underscores, and no underscore in front.
fn field(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter.to_ascii_uppercase() {
        letter @ ('A'..='Z' | '0'..='9') => letter,
        _ => '_',
    });
    letters.collect::<String>().trim_start_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Partial;

    #[test]
    fn fields_are_docker_s_and_values_are_bytes() {
        let attributes = [("com.x-y", "1\n2"), ("_é", "gone"), ("_a", "b")];
        let info = Info {
            id: "0123456789abcdef".into(),
            name: "web".into(),
            image_name: "bb:1".into(),
            tag: "t".into(),
            attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..Info::default()
        };
        let partial = Some(Partial { id: "i".into(), ordinal: 1, last: false });
        let message = Message { time: 7, stream: Stream::Stderr, line: b"a=b".to_vec(), partial, number: 1 };
        let expected = "MESSAGE=a=b\nPRIORITY=3\nCONTAINER_ID=0123456789ab\nCONTAINER_ID_FULL=0123456789abcdef\n\
                        CONTAINER_NAME=web\nCONTAINER_TAG=t\nIMAGE_NAME=bb:1\nSYSLOG_IDENTIFIER=t\n\
                        SYSLOG_TIMESTAMP=1970-01-01T00:00:00.000000007Z\nA=b\nCOM_X_Y\n\x03\0\0\0\0\0\0\x001\n2\n\
                        CONTAINER_PARTIAL_MESSAGE=true\nCONTAINER_PARTIAL_ID=i\nCONTAINER_PARTIAL_ORDINAL=1\n\
                        CONTAINER_PARTIAL_LAST=false\n";
        assert_eq!(String::from_utf8(encode(&info, &message)).unwrap(), expected);
        let foo = [("foo".to_owned(), "1".to_owned())].into();
        assert_eq!(check(&foo).unwrap_err().message(), "unknown log opt 'foo' for journald log driver");
    }
}
