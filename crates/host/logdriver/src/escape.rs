//! JSON strings as Docker's encoder writes them.
//!
//! Escaped are `"`, `\`, controls below 0x20, what HTML could mistake (`<`, `>`, `&`) and what JavaScript takes for line
//! ends (U+2028, U+2029); each byte that is no part of valid UTF-8 becomes `\ufffd`.

/// Appends `bytes` to `out`, escaped, without quotes.
pub(crate) fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        push_valid(out, chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            out.extend_from_slice(br"\ufffd");
        }
    }
}

fn push_valid(out: &mut Vec<u8>, mut text: &[u8]) {
    loop {
        let plain = plain_prefix(text);
        out.extend_from_slice(&text[..plain]);
        let Some(&byte) = text.get(plain) else { return };
        text = &text[plain..];
        let length = if byte == LEAD_OF_2028 { push_3_bytes(out, text) } else { push_special(out, byte) };
        text = &text[length..];
    }
}

/// The first byte of U+2028 and U+2029, and of all else from U+2000 to U+2FFF.
const LEAD_OF_2028: u8 = 0xe2;

/// How many bytes at the start need no look: eight at a time while none of them is special.
fn plain_prefix(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = text.get(at..at + 8) {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        if may_be_special(word) {
            break;
        }
        at += 8;
    }
    at + text[at..].iter().position(|&byte| SPECIAL[byte as usize]).unwrap_or(text.len() - at)
}

/// Whether one of eight bytes may be special: exact for ASCII bytes (the classic "has a byte less than", "has a zero
/// byte" tests), while any byte above them sends the word to the table.
fn may_be_special(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
    let equals = |byte: u8| zero_in(word ^ (ONES * u64::from(byte)));
    let control = word.wrapping_sub(ONES * 0x20);
    // `<` and `>` differ in bit 1 alone, and `"` and `&` in bit 2 alone.
    let angle = zero_in((word | (ONES * 2)) ^ (ONES * u64::from(b'>')));
    let quote = zero_in((word | (ONES * 4)) ^ (ONES * u64::from(b'&')));
    (word | control | angle | quote | equals(b'\\')) & HIGH != 0
}

static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            byte < 0x20 || matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&') || byte == LEAD_OF_2028 as usize;
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

/// A character of three bytes: valid UTF-8 guarantees that all of them are there.
fn push_3_bytes(out: &mut Vec<u8>, text: &[u8]) -> usize {
    match text[1..3] {
        [0x80, 0xa8] => out.extend_from_slice(br"\u2028"),
        [0x80, 0xa9] => out.extend_from_slice(br"\u2029"),
        _ => out.extend_from_slice(&text[..3]),
    }
    3
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
