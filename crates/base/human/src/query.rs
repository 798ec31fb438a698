//! Escaping for queries of URLs.

use std::fmt::Write as _;

/// Escapes as Go's `url.QueryEscape` does: a space becomes `+`, and all but letters, digits and `-_.~` two hexadecimal
/// digits for each byte.
pub fn query_escape(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        match byte {
            b' ' => escaped.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte.into()),
            other => {
                let _ = write!(escaped, "%{other:02X}");
            }
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_digits_and_four_marks_stay() {
        assert_eq!(query_escape("x y&z=1,ä"), "x+y%26z%3D1%2C%C3%A4");
        assert_eq!(query_escape("aZ09-_.~"), "aZ09-_.~");
    }
}
