//! Cuts a stream into lines, and long lines into pieces.

/// No piece of a line is longer, in bytes; Docker's size.
pub(crate) const LIMIT: usize = 16 << 10;

/// One stream's unfinished line.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
    /// When the first piece of the line was printed, where a piece has already been given out.
    begun: Option<i64>,
}

/// A line or a piece of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// Without the newline.
    pub(crate) text: &'a [u8],
    /// Whether the line ends here, with a newline.
    pub(crate) ended: bool,
    /// When the line's first piece was printed, where this is a later one.
    pub(crate) begun: Option<i64>,
}

impl Lines {
    /// Passes on all that is complete: lines with their newline, and pieces of [`LIMIT`] bytes.
    ///
    /// `emit` returns the time that it has given the piece.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut emit: impl FnMut(Piece<'_>) -> i64) {
        while !bytes.is_empty() {
            let window = &bytes[..bytes.len().min(LIMIT - self.rest.len())];
            match memchr::memchr(b'\n', window) {
                Some(newline) => {
                    self.end_line(&window[..newline], &mut emit);
                    bytes = &bytes[newline + 1..];
                }
                None => {
                    self.rest.extend_from_slice(window);
                    bytes = &bytes[window.len()..];
                    if self.rest.len() == LIMIT {
                        self.cut(&mut emit);
                    }
                }
            }
        }
    }

    /// Passes on what is left when the stream ends, as a line without newline.
    pub(crate) fn finish(&mut self, mut emit: impl FnMut(Piece<'_>) -> i64) {
        if !self.rest.is_empty() {
            emit(Piece { text: &self.rest, ended: false, begun: self.begun });
        }
        *self = Self::default();
    }

    fn end_line(&mut self, end: &[u8], emit: &mut impl FnMut(Piece<'_>) -> i64) {
        let begun = self.begun.take();
        if self.rest.is_empty() {
            emit(Piece { text: end, ended: true, begun });
        } else {
            self.rest.extend_from_slice(end);
            emit(Piece { text: &self.rest, ended: true, begun });
            self.rest.clear();
        }
    }

    /// Gives out a full piece, but no part of a character that is only half here.
    fn cut(&mut self, emit: &mut impl FnMut(Piece<'_>) -> i64) {
        let cut = self.rest.len() - half_character(&self.rest);
        let time = emit(Piece { text: &self.rest[..cut], ended: false, begun: self.begun });
        self.begun.get_or_insert(time);
        self.rest.drain(..cut);
    }
}

/// How many bytes at the end begin a UTF-8 character whose rest is missing.
fn half_character(text: &[u8]) -> usize {
    let tail = &text[text.len().saturating_sub(3)..];
    let Some(lead) = tail.iter().rposition(|&byte| byte & 0xc0 != 0x80) else { return 0 };
    let wanted = match tail[lead] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let here = tail.len() - lead;
    if here < wanted { here } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes `input` in chunks; returns the pieces as (text, ended, is a later piece).
    fn pieces(input: &[u8], chunk: usize) -> Vec<(Vec<u8>, bool, bool)> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in input.chunks(chunk) {
            lines.push(chunk, |piece| {
                out.push((piece.text.to_vec(), piece.ended, piece.begun.is_some()));
                7
            });
        }
        lines.finish(|piece| {
            out.push((piece.text.to_vec(), piece.ended, piece.begun.is_some()));
            7
        });
        out
    }

    #[test]
    fn chunking_does_not_change_the_pieces() {
        let mut input = b"a\n\nlonger line\n".to_vec();
        input.extend([b'x'; LIMIT - 1]);
        input.push(b'\n');
        input.extend([b'y'; LIMIT]);
        input.push(b'\n');
        input.extend([b'z'; LIMIT + 5]);
        let expected = [
            (b"a".to_vec(), true, false),
            (vec![], true, false),
            (b"longer line".to_vec(), true, false),
            (vec![b'x'; LIMIT - 1], true, false),
            (vec![b'y'; LIMIT], false, false),
            (vec![], true, true),
            (vec![b'z'; LIMIT], false, false),
            (vec![b'z'; 5], false, true),
        ];
        for chunk in [1, 2, 3, 7, 4095, LIMIT - 1, LIMIT, LIMIT + 1, 1 << 20] {
            assert_eq!(pieces(&input, chunk), expected, "{chunk}");
        }
    }

    #[test]
    fn no_character_is_cut_in_half() {
        for (character, shift) in [("ä", 1), ("€", 1), ("€", 2), ("😀", 1), ("😀", 2), ("😀", 3)] {
            let mut input = vec![b'x'; LIMIT - shift];
            input.extend_from_slice(character.as_bytes());
            input.push(b'\n');
            let pieces = pieces(&input, 1000);
            assert_eq!(pieces[0].0.len(), LIMIT - shift, "{character} {shift}");
            assert_eq!(pieces[1].0, character.as_bytes());
        }
        let garbage = [0x80; LIMIT + 1];
        assert_eq!(pieces(&garbage, 999)[0].0.len(), LIMIT);
    }
}
