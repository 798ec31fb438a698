//! The keys that leave a container running.

use crate::exit::Exit;

/// Docker's default, `ctrl-p,ctrl-q`.
const DEFAULT: [u8; 2] = [16, 17];

/// Finds the key sequence in typed input. Keys of a sequence that is not finished yet are held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    keys: Vec<u8>,
    matched: usize,
}

impl Escape {
    /// Reads `ctrl-p,ctrl-q`; empty text is the default.
    pub fn parse(text: &str) -> Result<Escape, Exit> {
        let keys =
            if text.is_empty() { DEFAULT.to_vec() } else { text.split(',').map(key).collect::<Result<_, _>>()? };
        Ok(Escape { keys, matched: 0 })
    }

    /// Passes `input` on to `output`; returns whether the sequence was completed, which ends the input.
    pub fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) -> bool {
        for byte in input {
            if *byte == self.keys[self.matched] {
                self.matched += 1;
                if self.matched == self.keys.len() {
                    return true;
                }
                continue;
            }
            output.extend_from_slice(&self.keys[..self.matched]);
            self.matched = 0;
            if *byte == self.keys[0] {
                self.matched = 1;
            } else {
                output.push(*byte);
            }
        }
        false
    }
}

fn key(name: &str) -> Result<u8, Exit> {
    let unknown = || Exit::failure(format!("Unknown character: '{name}'"));
    match name.strip_prefix("ctrl-") {
        Some(control) => match control.as_bytes() {
            [letter @ b'a'..=b'z'] => Ok(letter - b'a' + 1),
            [mark @ (b'@' | b'[' | b'\\' | b']' | b'^' | b'_')] => Ok(mark - b'@'),
            _ => Err(unknown()),
        },
        None => match name.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err(unknown()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(keys: &str, input: &[&[u8]]) -> (Vec<u8>, bool) {
        let (mut escape, mut output) = (Escape::parse(keys).unwrap(), Vec::new());
        let ended = input.iter().any(|part| escape.feed(part, &mut output));
        (output, ended)
    }

    #[test]
    fn the_sequence_is_found_across_reads_and_never_sent() {
        assert_eq!(feed("", &[b"ab\x10", b"\x11c"]), (b"ab".to_vec(), true));
        assert_eq!(feed("", &[b"\x10x\x10\x10\x11"]), (b"\x10x\x10".to_vec(), true));
        assert_eq!(feed("a,b,c", &[b"abx"]), (b"abx".to_vec(), false));
        assert_eq!(feed("ctrl-@", &[b"\0"]), (Vec::new(), true));
    }

    #[test]
    fn unknown_keys_are_refused() {
        for keys in ["ctrl-", "ctrl-A", "ab", "a,,b", "ctrl-ab"] {
            assert!(Escape::parse(keys).is_err(), "{keys}");
        }
    }
}
