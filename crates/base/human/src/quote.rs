//! Go's `%q`.

use std::fmt::Write;

/// Quotes `text` as Go's `strconv.Quote` does: printable characters stay, controls become escapes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        escape(&mut out, c);
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        c if (c as u32) < 0x80 && c.is_control() => {
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        c if unprintable(c) => {
            let value = c as u32;
            let _ = if value <= 0xffff { write!(out, "\\u{value:04x}") } else { write!(out, "\\U{value:08x}") };
        }
        c => out.push(c),
    }
}

/// Controls, separators other than the space, and the invisible characters that can reorder or hide text.
fn unprintable(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn controls_are_escaped() {
        assert_eq!(quote("sh -c \"x\"\n"), r#""sh -c \"x\"\n""#);
        assert_eq!(quote("\u{1b}[2J"), r#""\x1b[2J""#);
        assert_eq!(quote("é\u{202e}\u{85}"), "\"é\\u202e\\u0085\"");
    }
}
