//! Records on their way: a line, or a piece of a long one that knows its place.

use logdriver::{Entry, Stream};
use serde::{Deserialize, Serialize};

/// A line without a newline at its end is a piece of a longer one from so many bytes on: pieces have 16 KiB but for a
/// character that would have been cut.
const PIECE: usize = (16 << 10) - 3;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When it was printed, in nanoseconds since 1970.
    pub time: i64,
    /// Where.
    pub stream: Stream,
    /// What, without the newline.
    pub line: Vec<u8>,
    /// Where in a long line it belongs.
    pub partial: Option<Partial>,
    /// The number of its record.
    pub number: u64,
}

/// A piece's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Shared by the line's pieces and nobody else's.
    pub id: String,
    /// Counted from 1.
    pub ordinal: u32,
    /// Whether the line ends with it.
    pub last: bool,
}

/// A long line of which pieces have been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    /// The number of its first piece.
    first: u64,
    /// How many there were.
    pieces: u32,
}

/// Makes messages of records, in the log's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembler {
    stdout: Option<Open>,
    stderr: Option<Open>,
}

impl Assembler {
    /// The message of the next record of the container `id`.
    pub fn message(&mut self, id: &str, entry: Entry) -> Message {
        let number = entry.number.unwrap_or_default();
        let mut line = entry.line;
        let ended = line.pop_if(|byte| *byte == b'\n').is_some();
        let goes_on = !ended && line.len() >= PIECE;
        let slot = match entry.stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let open = match slot.take() {
            Some(open) => Some(Open { pieces: open.pieces + 1, ..open }),
            None if goes_on => Some(Open { first: number, pieces: 1 }),
            None => None,
        };
        *slot = open.filter(|_| goes_on);
        let partial = open.map(|open| Partial {
            id: format!("{}{:016x}", id.get(..48).unwrap_or(id), open.first),
            ordinal: open.pieces,
            last: !goes_on,
        });
        Message { time: entry.time, stream: entry.stream, line, partial, number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_know_their_line_and_others_are_whole() {
        let mut assembler = Assembler::default();
        let mut message = |number, stream, line: &[u8]| {
            let entry = Entry { time: 0, stream, number: Some(number), line: line.to_vec(), attrs: Default::default() };
            let message = assembler.message(&"a".repeat(64), entry);
            (message.line.len(), message.partial.map(|partial| (partial.id.len(), partial.ordinal, partial.last)))
        };
        let long = [b'x'; 16 << 10];
        assert_eq!(message(1, Stream::Stdout, b"short\n"), (5, None));
        assert_eq!(message(2, Stream::Stdout, &long), (16384, Some((64, 1, false))));
        assert_eq!(message(3, Stream::Stderr, b"\n"), (0, None));
        assert_eq!(message(4, Stream::Stdout, &long[3..]), (16381, Some((64, 2, false))));
        assert_eq!(message(5, Stream::Stdout, b"end\n"), (3, Some((64, 3, true))));
        assert_eq!(message(6, Stream::Stdout, b"no newline"), (10, None));
    }
}
