//! Small zip archives, read whole: APPNOTE 6.3, without encryption, zip64 and volumes.

use super::archive::LIMIT;
use std::io::{self, Read};

/// Signatures: the end of the directory, an entry of it, a file's own head (sections 4.3.16, 4.3.12, 4.3.7).
const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const FILE: &[u8] = b"PK\x03\x04";

/// All files with their contents.
pub fn files(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let end = bytes.windows(4).rposition(|four| four == END).ok_or_else(broken)?;
    let (count, mut at) = (short(bytes, end + 10)?, long(bytes, end + 16)?);
    let mut files = Vec::new();
    let mut room = LIMIT;
    for _ in 0..count {
        if bytes.get(at..at + 4) != Some(ENTRY) {
            return Err(broken());
        }
        let (name, extra, comment) = (short(bytes, at + 28)?, short(bytes, at + 30)?, short(bytes, at + 32)?);
        let name_bytes = bytes.get(at + 46..at + 46 + name).ok_or_else(broken)?;
        let text = String::from_utf8_lossy(name_bytes).into_owned();
        if !text.ends_with('/') {
            let content = content(bytes, at, room)?;
            room -= content.len() as u64;
            files.push((text, content));
        }
        at += 46 + name + extra + comment;
    }
    Ok(files)
}

/// The content of the file whose entry is at `at`; at most `room` bytes.
fn content(bytes: &[u8], at: usize, room: u64) -> io::Result<Vec<u8>> {
    let (method, packed, head) = (short(bytes, at + 10)?, long(bytes, at + 20)?, long(bytes, at + 42)?);
    if bytes.get(head..head + 4) != Some(FILE) {
        return Err(broken());
    }
    let start = head + 30 + short(bytes, head + 26)? + short(bytes, head + 28)?;
    let data = bytes.get(start..start.saturating_add(packed)).ok_or_else(broken)?;
    let mut out = Vec::new();
    match method {
        0 => data.take(room + 1).read_to_end(&mut out)?,
        8 => flate2::read::DeflateDecoder::new(data).take(room + 1).read_to_end(&mut out)?,
        _ => return Err(io::Error::other("zip: unsupported compression algorithm")),
    };
    if out.len() as u64 > room {
        return Err(io::Error::other(format!("cannot read more than {LIMIT} bytes")));
    }
    Ok(out)
}

fn broken() -> io::Error {
    io::Error::other("zip: not a valid zip file")
}

fn short(bytes: &[u8], at: usize) -> io::Result<usize> {
    let two = bytes.get(at..at.saturating_add(2)).ok_or_else(broken)?;
    Ok(usize::from(two[0]) | usize::from(two[1]) << 8)
}

fn long(bytes: &[u8], at: usize) -> io::Result<usize> {
    Ok(short(bytes, at)? | short(bytes, at + 2)? << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// An archive of one file, as `zip` writes it.
    fn made(name: &str, data: &[u8], method: u8) -> Vec<u8> {
        let u16 = |n: usize| (n as u16).to_le_bytes();
        let u32 = |n: usize| (n as u32).to_le_bytes();
        let head: &[&[u8]] =
            &[FILE, &[20, 0, 0, 0, method, 0], &[0; 8], &u32(data.len()), &[0; 4], &u16(name.len()), &[0; 2]];
        let mut bytes = [&head.concat()[..], name.as_bytes(), data].concat();
        let at = bytes.len();
        let entry: &[&[u8]] = &[
            ENTRY,
            &[20, 0, 20, 0, 0, 0, method, 0],
            &[0; 8],
            &u32(data.len()),
            &[0; 4],
            &u16(name.len()),
            &[0; 16],
            name.as_bytes(),
        ];
        bytes.extend(entry.concat());
        let size = bytes.len() - at;
        let end: &[&[u8]] = &[END, &[0; 4], &u16(1), &u16(1), &u32(size), &u32(at), &[0; 2]];
        bytes.extend(end.concat());
        bytes
    }

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn files_are_read_stored_and_deflated() {
        let expected = vec![("a/b".to_owned(), b"text".to_vec())];
        assert_eq!(files(&made("a/b", b"text", 0)).unwrap(), expected);
        assert_eq!(files(&made("a/b", &deflated(b"text"), 8)).unwrap(), expected);
    }

    #[test]
    fn bombs_and_broken_archives_are_refused() {
        let bomb = made("a", &deflated(&vec![0; LIMIT as usize + 1]), 8);
        assert!(files(&bomb).unwrap_err().to_string().contains("cannot read more"));
        let whole = made("a", b"text", 0);
        assert!(files(&made("a", b"text", 9)).is_err());
        // What is cut or changed anywhere gives an error or other files, and never a panic.
        for cut in 0..whole.len() {
            let _ = files(&whole[..cut]);
            let mut changed = whole.clone();
            changed[cut] ^= 0xff;
            let _ = files(&changed);
        }
        assert!(files(&whole[..whole.len() - 1]).is_ok_and(|files| files.len() == 1));
    }
}
