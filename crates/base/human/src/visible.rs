//! Control characters made visible.

use std::borrow::Cow;

/// Replaces control characters other than line breaks and tabs by `\x1b`-like escapes.
pub fn visible(text: &str) -> Cow<'_, str> {
    let dangerous = |c: char| {
        c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(dangerous) {
        return text.into();
    }
    text.chars().map(|c| if dangerous(c) { escape(c) } else { c.to_string() }).collect::<String>().into()
}

fn escape(c: char) -> String {
    let quoted = crate::quote(&c.to_string());
    quoted[1..quoted.len() - 1].to_string()
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn escape_codes_lose_their_power() {
        assert_eq!(visible("a\u{1b}[2Jb\r\u{7}"), "a\\x1b[2Jb\\r\\a");
        assert_eq!(visible("\u{9b}31m\u{202e}"), "\\u009b31m\\u202e");
        assert_eq!(visible("line\n\ttab é"), "line\n\ttab é");
    }
}
