//! Names in the path, which become files' names and must not reach out of their directories.

use fault::{Fault, Result};

/// The longest name or id of a container or an exec, in bytes.
const LONGEST: usize = 255;

/// The longest name of an image, in bytes: a domain, 255 of path, a tag and a digest.
const LONGEST_IMAGE: usize = 4096;

/// How much of a refused name an error repeats, in bytes.
const SHOWN: usize = 128;

/// A container's name, id, or the beginning of an id.
pub(super) fn container(text: &str) -> Result<String> {
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(Fault::not_found(format!("No such container: {}", echo(text))))
    }
}

/// An exec's id.
pub(super) fn exec(text: &str) -> Result<String> {
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(Fault::not_found(format!("No such exec instance: {}", echo(text))))
    }
}

/// A network's name, id, or the beginning of an id.
pub(super) fn network(text: &str) -> Result<String> {
    if is_name(text) { Ok(text.to_owned()) } else { Err(Fault::not_found(format!("network {} not found", echo(text)))) }
}

/// An image's name or id: a path in form, so only what is never part of one is refused here.
pub(super) fn image(text: &str) -> Result<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@+".contains(&byte);
    let climbs = text.split('/').any(|part| matches!(part, "" | "." | ".."));
    if text.len() <= LONGEST_IMAGE && text.bytes().all(fits) && !climbs {
        Ok(text.to_owned())
    } else {
        Err(Fault::invalid(format!("invalid reference format: {}", echo(text))))
    }
}

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, of a length that a file may have.
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=LONGEST).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
}

/// A stranger's text for an error: short, and with nothing that steers a terminal or a log.
pub(crate) fn echo(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN.min(text.len()));
    let shown: String = text[..end].chars().flat_map(shown).collect();
    if end < text.len() { shown + "…" } else { shown }
}

fn shown(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_pass() {
        for good in ["a", "web-1", "a.b_c", "0123abc"] {
            assert_eq!(container(good).unwrap(), good);
        }
        let long = "a".repeat(1 << 20);
        for bad in ["", ".", "..", "../x", "a/b", "a\0b", "-a", "ä", "a b", "\u{430}bc", "%2e%2e", long.as_str()] {
            let fault = container(bad).unwrap_err();
            assert_eq!(fault.kind(), fault::Kind::NotFound, "{bad:?}");
            assert!(fault.message().len() < 512);
            assert!(exec(bad).is_err());
        }
    }

    #[test]
    fn images_are_paths_that_never_climb() {
        for good in ["busybox", "h:5000/a/b:tag", "a@sha256:00", "sha256:00"] {
            assert_eq!(image(good).unwrap(), good);
        }
        let long = "a".repeat(1 << 20);
        for bad in ["", "..", "a/../b", "/a", "a//b", "a\0", "a b", "ä", long.as_str()] {
            assert_eq!(image(bad).unwrap_err().kind(), fault::Kind::InvalidParameter, "{bad:?}");
        }
    }

    #[test]
    fn an_echo_is_short_and_harmless() {
        assert_eq!(echo("a\u{1b}[31m\0"), "a\\u{1b}[31m\\u{0}");
        assert!(echo(&"é".repeat(1 << 20)).len() < 200);
    }
}
