//! Keys that detach a client from a terminal, found in what it types.

use std::borrow::Cow;

use fault::{Fault, Result};

/// ctrl-p, ctrl-q.
const DEFAULT: [u8; 2] = [16, 17];

/// The most keys of a sequence; Docker sets no bound.
const MOST: usize = 64;

/// A sequence of bytes, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetachKeys(Vec<u8>);

impl DetachKeys {
    /// Reads `ctrl-p,ctrl-q`: single characters, or `ctrl-` and one of `a`–`z`, `@`, `[`, `\`, `]`, `^`, `_`; empty
    /// text is the default.
    ///
    /// # Errors
    /// `InvalidParameter`, in Docker's words.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self(DEFAULT.to_vec()));
        }
        let refused = || Fault::invalid(format!("Invalid detach keys ({}) provided", crate::request::echo(text)));
        let keys: Option<Vec<u8>> = text.split(',').map(key).collect();
        keys.filter(|keys| keys.len() <= MOST).map(Self).ok_or_else(refused)
    }

    /// What a terminal sends for them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn key(text: &str) -> Option<u8> {
    match (text.as_bytes(), text.strip_prefix("ctrl-").map(str::as_bytes)) {
        (&[byte], _) if byte.is_ascii() => Some(byte),
        (_, Some(&[letter])) if letter.is_ascii_alphabetic() => Some(letter.to_ascii_lowercase() - b'a' + 1),
        (_, Some(b"@")) => Some(0),
        (_, Some(&[sign])) => (27..=31).zip(*b"[\\]^_").find(|&(_, known)| known == sign).map(|(code, _)| code),
        _ => None,
    }
}

/// Looks for the keys in a stream. The beginning of a sequence is held back until it is clear what it becomes.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    keys: Vec<u8>,
    /// How many keys have matched.
    matched: usize,
}

impl Scanner {
    pub(crate) fn new(keys: &DetachKeys) -> Self {
        Self { keys: keys.0.clone(), matched: 0 }
    }

    /// What is to be passed on, and whether the sequence is complete; what follows it is dropped.
    pub(crate) fn scan<'a>(&mut self, bytes: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
        if self.matched == 0 && !bytes.contains(&self.keys[0]) {
            return (Cow::Borrowed(bytes), false);
        }
        let mut passed = Vec::with_capacity(bytes.len() + self.matched);
        for &byte in bytes {
            if byte != self.keys[self.matched] {
                passed.extend_from_slice(&self.keys[..self.matched]);
                self.matched = 0;
            }
            if byte != self.keys[self.matched] {
                passed.push(byte);
                continue;
            }
            self.matched += 1;
            if self.matched == self.keys.len() {
                self.matched = 0;
                return (Cow::Owned(passed), true);
            }
        }
        (Cow::Owned(passed), false)
    }

    /// What is held back, when nothing follows.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.keys[..std::mem::take(&mut self.matched)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_in_docker() {
        let parse = |text: &str| DetachKeys::parse(text).map(|keys| keys.0);
        assert_eq!(parse("").unwrap(), [16, 17]);
        assert_eq!(parse("ctrl-p,ctrl-q").unwrap(), [16, 17]);
        assert_eq!(parse("a,ctrl-@,ctrl-[,ctrl-_").unwrap(), [b'a', 0, 27, 31]);
        for bad in ["ctrl-", "ctrl-1", "ab", "a,,b", "ä", "CTRL-P"] {
            assert!(parse(bad).unwrap_err().message().contains("Invalid detach keys"), "{bad}");
        }
    }

    /// Feeds the parts one after another: what passes, and whether it detaches.
    fn check(parts: &[&str], passed: &str, detached: bool) {
        let mut scanner = Scanner::new(&DetachKeys::parse("x,y").unwrap());
        let mut all = Vec::new();
        let mut found = false;
        for part in parts {
            let (bytes, complete) = scanner.scan(part.as_bytes());
            all.extend_from_slice(&bytes);
            found |= complete;
        }
        all.extend(scanner.finish());
        assert_eq!((String::from_utf8(all).unwrap().as_str(), found), (passed, detached), "{parts:?}");
    }

    #[test]
    fn the_sequence_is_found_across_reads_and_everything_else_passes() {
        check(&["abc"], "abc", false);
        check(&["abxy"], "ab", true);
        check(&["x", "y"], "", true);
        check(&["x", "a"], "xa", false);
        check(&["xx", "y"], "x", true);
        check(&["x"], "x", false);
        check(&["yx", "x", "z"], "yxxz", false);
    }
}
