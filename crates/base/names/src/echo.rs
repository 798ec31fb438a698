//! Quotes a stranger's string in an error without letting it flood or steer a terminal or a log.

/// The longest part of a refused string that an error repeats, in bytes.
const LIMIT: usize = 256;

/// `text` with control characters escaped, and cut after 256 bytes.
pub fn echo(text: &str) -> String {
    let end = text.floor_char_boundary(LIMIT.min(text.len()));
    let mut shown: String = text[..end].chars().map(visible).collect::<Vec<_>>().concat();
    if end < text.len() {
        shown.push('…');
    }
    shown
}

fn visible(character: char) -> String {
    if character.is_control() { character.escape_default().to_string() } else { character.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_control_characters_and_cuts_long_strings() {
        assert_eq!(echo("a\0b\u{1b}[31m"), "a\\u{0}b\\u{1b}[31m");
        assert_eq!(echo("Repo"), "Repo");
        assert_eq!(echo(&"é".repeat(1 << 20)).len(), 256 + '…'.len_utf8());
    }
}
