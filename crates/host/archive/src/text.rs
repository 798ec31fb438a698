//! Names from archives as text for messages.

/// The name with control characters and bytes outside ASCII escaped, and shortened: it comes from a stranger.
pub(crate) fn shown(name: &[u8]) -> String {
    const LONGEST: usize = 200;
    let mut text = name[..name.len().min(LONGEST)].escape_ascii().to_string();
    if name.len() > LONGEST {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_escaped_and_cut() {
        assert_eq!(shown(b"a\n\x1b[2J"), "a\\n\\x1b[2J");
        assert!(shown(&[b'a'; 5000]).len() < 250);
    }
}
