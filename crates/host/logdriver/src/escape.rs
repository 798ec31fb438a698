//! JSON strings as Docker's encoder writes them.
//!
//! Escaped are `"`, `\`, controls below 0x20, what HTML could mistake (`<`, `>`, `&`) and what JavaScript takes for line
//! ends (U+2028, U+2029); each byte that is no part of valid UTF-8 becomes `\ufffd`.

/// Appends `bytes` to `out`, escaped, without quotes.
pub(crate) fn push(out: &mut Vec<u8>, mut bytes: &[u8]) {
    loop {
        let plain = plain_prefix(bytes);
        out.extend_from_slice(&bytes[..plain]);
        let Some(&byte) = bytes.get(plain) else { return };
        bytes = &bytes[plain..];
        let length = if byte.is_ascii() { push_special(out, byte) } else { push_unicode(out, bytes) };
        bytes = &bytes[length..];
    }
}

/// How many bytes at the start are ASCII and stand for themselves: eight at a time while all are.
fn plain_prefix(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = text.get(at..at + 8) {
        let special = special_in(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + text[at..].iter().position(|&byte| SPECIAL[byte as usize]).unwrap_or(text.len() - at)
}

/// Marks, in the highest bit of each of eight bytes, what does not stand for itself. Exact up to the first mark: the
/// classic "has a byte less than" and "has a zero byte" tests carry into later bytes only from marked ones.
fn special_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
    let equals = |byte: u8| zero_in(word ^ (ONES * u64::from(byte)));
    let control = word.wrapping_sub(ONES * 0x20);
    // `<` and `>` differ in bit 1 alone, and `"` and `&` in bit 2 alone.
    let angle = zero_in((word | (ONES * 2)) ^ (ONES * u64::from(b'>')));
    let quote = zero_in((word | (ONES * 4)) ^ (ONES * u64::from(b'&')));
    (word | control | angle | quote | equals(b'\\')) & HIGH
}

static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 || matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&') || byte > 0x7f;
        byte += 1;
    }
    table
};

fn push_special(out: &mut Vec<u8>, byte: u8) -> usize {
    match byte {
        b'\n' => out.extend_from_slice(br"\n"),
        b'\r' => out.extend_from_slice(br"\r"),
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        _ => {
            let hex = |digit: u8| b"0123456789abcdef"[digit as usize];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    1
}

/// Writes the bytes up to the next one of ASCII, which cannot be part of any other character; returns how many.
fn push_unicode(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let length = text.iter().position(u8::is_ascii).unwrap_or(text.len());
    for chunk in text[..length].utf8_chunks() {
        push_line_ends(out, chunk.valid());
        for _ in chunk.invalid() {
            out.extend_from_slice(br"\ufffd");
        }
    }
    length
}

/// Writes what is valid, but for the two characters that JavaScript takes for line ends.
fn push_line_ends(out: &mut Vec<u8>, text: &str) {
    const LINE_ENDS: [char; 2] = ['\u{2028}', '\u{2029}'];
    for part in text.split_inclusive(LINE_ENDS) {
        let plain = part.trim_end_matches(LINE_ENDS);
        out.extend_from_slice(plain.as_bytes());
        match part[plain.len()..].chars().next() {
            Some('\u{2028}') => out.extend_from_slice(br"\u2028"),
            Some(_) => out.extend_from_slice(br"\u2029"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        push(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_go_s_encoder_does_it() {
        assert_eq!(escaped(b"a\"b\\c\n\r\t\x00\x7f"), "a\\\"b\\\\c\\n\\r\\u0009\\u0000\x7f");
        assert_eq!(escaped(b"<a href='x'>&amp;"), r"\u003ca href='x'\u003e\u0026amp;");
        assert_eq!(escaped("\u{2027}\u{2028}\u{2029}\u{202a}äß€😀".as_bytes()), "\u{2027}\\u2028\\u2029\u{202a}äß€😀");
        // Lone continuation, overlong, surrogate half, cut sequence: one replacement for each byte.
        assert_eq!(escaped(b"\x80|\xc0\xaf|\xed\xa0\x80|\xf0\x9f\x98"), {
            let bad = r"\ufffd";
            format!("{bad}|{bad}{bad}|{bad}{bad}{bad}|{bad}{bad}{bad}")
        });
    }

    #[test]
    fn every_byte_at_every_place_of_a_word_reads_back() {
        for byte in 0..=0x7f_u8 {
            for at in 0..17 {
                let mut text = [b'x'; 17];
                text[at] = byte;
                let json = format!("\"{}\"", escaped(&text));
                assert_eq!(serde_json::from_str::<String>(&json).unwrap().as_bytes(), text, "{byte} at {at}");
                assert_eq!(json.len() == 19, !SPECIAL[byte as usize], "{byte} at {at}");
            }
        }
    }
}
