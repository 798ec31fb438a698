//! Netlink messages and attributes as bytes (netlink(7); `include/uapi/linux/netlink.h`).
//!
//! ```text
//! | length u32 | type u16 | flags u16 | sequence u32 | port u32 | family header | attribute … |    host order
//! attribute: | length u16 | type u16 | value, padded to 4 |
//! ```

/// Length of a message's header in bytes.
pub const HEADER: usize = 16;
/// The request flag, on every message to the kernel.
pub const REQUEST: u16 = 0x1;
/// The message belongs to an answer of several.
pub const MULTI: u16 = 0x2;
/// An acknowledgement is wanted.
pub const ACK: u16 = 0x4;
/// The dump was disturbed by a change and has holes.
pub const DUMP_INTERRUPTED: u16 = 0x10;
/// All objects are wanted.
pub const DUMP: u16 = 0x300;
/// The object must not exist yet.
pub const EXCLUSIVE: u16 = 0x200;
/// The object is made where it does not exist.
pub const CREATE: u16 = 0x400;
/// The object goes to the end of a list.
pub const APPEND: u16 = 0x800;

/// An error or an acknowledgement.
pub const ERROR: u16 = 2;
pub(crate) const DONE: u16 = 3;
const ACK_HAS_ATTRIBUTES: u16 = 0x200;
const ERROR_WORDS: u16 = 1;
const NESTED: u16 = 0x8000;
const TYPE_MASK: u16 = 0x3fff;

/// A received message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'b> {
    /// What it is; its meaning depends on the protocol.
    pub kind: u16,
    /// `NLM_F_…`.
    pub flags: u16,
    /// The sequence number of the request that it answers.
    pub sequence: u32,
    /// The port of the socket that caused it; 0 for the kernel.
    pub port: u32,
    /// What follows the header.
    pub body: &'b [u8],
}

/// The messages in a received datagram. A truncated one ends the walk.
pub fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = u32_at(bytes, 0)? as usize;
        let body = bytes.get(HEADER..length)?;
        let message = Message {
            kind: u16_at(bytes, 4)?,
            flags: u16_at(bytes, 6)?,
            sequence: u32_at(bytes, 8)?,
            port: u32_at(bytes, 12)?,
            body,
        };
        bytes = bytes.get(align(length)..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes in `bytes` by type, without the flags for nesting and byte order. A truncated one ends the walk.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & TYPE_MASK;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(align(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The first attribute of a type.
pub fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(found, _)| *found == kind).map(|(_, value)| value)
}

/// The string in an attribute, up to its first NUL.
pub fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// The 32-bit number in host order at `offset`.
pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

/// The 16-bit number in host order at `offset`.
pub fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(offset..offset + 2)?.try_into().ok()?))
}

/// What an error message says: the (positive) error number, 0 for an acknowledgement, and the kernel's words.
pub fn verdict(message: &Message<'_>) -> Option<(i32, Option<String>)> {
    let code = u32_at(message.body, 0)? as i32;
    let words = (message.flags & ACK_HAS_ATTRIBUTES != 0)
        .then(|| message.body.get(4 + HEADER..).and_then(|rest| attribute(rest, ERROR_WORDS)).map(text))
        .flatten();
    Some((code.saturating_neg(), words))
}

fn align(length: usize) -> usize {
    (length + 3) & !3
}

/// Writes messages one after the other into one buffer.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    start: usize,
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a message; what follows belongs to it, until the next one begins.
    pub fn message(&mut self, kind: u16, flags: u16, sequence: u32) {
        self.start = self.bytes.len();
        self.bytes.extend_from_slice(&(HEADER as u32).to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(&flags.to_ne_bytes());
        self.bytes.extend_from_slice(&sequence.to_ne_bytes());
        self.bytes.extend_from_slice(&0u32.to_ne_bytes());
    }

    /// Appends bytes without an attribute's header (a family header).
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.finish();
    }

    /// Appends an attribute.
    pub fn put(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(4 + value.len()).expect("attribute values here are short");
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.finish();
    }

    /// Appends an attribute with a 32-bit number in network order, as netfilter wants them.
    pub fn put_be32(&mut self, kind: u16, value: u32) {
        self.put(kind, &value.to_be_bytes());
    }

    /// Appends an attribute with a string that ends with NUL.
    pub fn put_text(&mut self, kind: u16, value: &str) {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.put(kind, &bytes);
    }

    /// Appends an attribute that holds what `fill` appends.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let at = self.bytes.len();
        self.put(kind | NESTED, &[]);
        fill(self);
        let length = u16::try_from(self.bytes.len() - at).expect("nested attributes here are short");
        self.bytes[at..at + 2].copy_from_slice(&length.to_ne_bytes());
    }

    /// Sets further flags of the message under way.
    pub fn set_flags(&mut self, flags: u16) {
        let at = self.start + 6;
        let before = u16_at(&self.bytes, at).expect("a message has begun");
        self.bytes[at..at + 2].copy_from_slice(&(before | flags).to_ne_bytes());
    }

    /// How long the message under way is by now, in bytes.
    pub fn message_length(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// All messages.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn finish(&mut self) {
        self.bytes.resize(align(self.bytes.len()), 0);
        let length = (self.bytes.len() - self.start) as u32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Writer {
        let mut writer = Writer::new();
        writer.message(7, REQUEST, 1);
        writer.raw(&[2, 0, 0, 0]);
        writer.put_text(3, "eth0");
        writer.nest(4, |w| w.put_be32(1, 5));
        writer.message(8, ACK, 2);
        writer
    }

    #[test]
    fn what_is_written_is_read_back() {
        let writer = sample();
        let read: Vec<_> = messages(writer.bytes()).collect();
        assert_eq!((read[0].kind, read[0].sequence, read[1].kind, read[1].flags), (7, 1, 8, ACK));
        assert_eq!(text(attribute(&read[0].body[4..], 3).unwrap()), "eth0");
        let nested = attribute(&read[0].body[4..], 4).unwrap();
        assert_eq!(attribute(nested, 1), Some([0, 0, 0, 5].as_slice()));
    }

    #[test]
    fn every_truncation_ends_the_walk_without_a_panic() {
        let writer = sample();
        for length in 0..writer.bytes().len() {
            for message in messages(&writer.bytes()[..length]) {
                let _ = attributes(message.body).count();
                let _ = verdict(&message);
            }
        }
        // Lengths that would make a careless walk stand still or run past the end.
        for length in [0u32, 1, 15, 0xffff_ffff] {
            assert_eq!(messages(&[length.to_ne_bytes().as_slice(), &[0; 12]].concat()).count(), 0);
        }
        for length in [0u16, 3, 9, 0xffff] {
            assert_eq!(attributes(&[length.to_ne_bytes().as_slice(), &[0; 6]].concat()).count(), 0);
        }
    }
}
