//! PAX extended headers: records `length key=value\n` (POSIX pax, "pax Header Block").
//!
//! Values are cut out by their length and may hold any byte: a file capability with a newline in it is a value like
//! every other.

use super::Xattrs;
use super::error::ReadError;

/// What extended headers say about the next entry. A value that is absent leaves the plain header's.
#[derive(Default)]
pub(super) struct Extended {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub mtime: Option<(i64, u32)>,
    pub xattrs: Xattrs,
    pub sparse: PaxSparse,
}

/// The `GNU.sparse.*` records in their three dialects.
#[derive(Default)]
pub(super) struct PaxSparse {
    pub major: Option<u64>,
    pub minor: Option<u64>,
    pub name: Option<Vec<u8>>,
    /// `realsize` (1.0) or `size` (0.0 and 0.1).
    pub size: Option<u64>,
    /// Alternating offsets and lengths (0.0 and 0.1).
    pub map: Vec<u64>,
}

const BAD: ReadError = ReadError::Header("malformed extended header");
const XATTR: &[u8] = b"SCHILY.xattr.";

impl Extended {
    /// Merges the records of one extended header.
    pub fn merge(&mut self, mut data: &[u8]) -> Result<(), ReadError> {
        while !data.is_empty() {
            // Some writers pad with zeros.
            if data.iter().all(|byte| *byte == 0) {
                break;
            }
            let record = Record::cut_off(data)?;
            self.take(record.key, record.value)?;
            data = record.rest;
        }
        Ok(())
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), ReadError> {
        match key {
            b"path" => self.path = filled(value)?,
            b"linkpath" => self.link = filled(value)?,
            b"size" => self.size = optional(value, number)?,
            b"uid" => self.uid = optional(value, identity)?,
            b"gid" => self.gid = optional(value, identity)?,
            b"mtime" => self.mtime = optional(value, time)?,
            b"GNU.sparse.major" => self.sparse.major = Some(number(value)?),
            b"GNU.sparse.minor" => self.sparse.minor = Some(number(value)?),
            b"GNU.sparse.name" => self.sparse.name = filled(value)?,
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse.size = Some(number(value)?),
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => self.sparse.map.push(number(value)?),
            b"GNU.sparse.map" => {
                self.sparse.map = value.split(|byte| *byte == b',').map(number).collect::<Result<_, _>>()?;
            }
            _ => self.take_xattr(key, value),
        }
        Ok(())
    }

    fn take_xattr(&mut self, key: &[u8], value: &[u8]) {
        if let Some(name) = key.strip_prefix(XATTR).filter(|name| !name.is_empty()) {
            self.xattrs.retain(|(known, _)| known != name);
            self.xattrs.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// One record, and the bytes behind it.
struct Record<'d> {
    key: &'d [u8],
    value: &'d [u8],
    rest: &'d [u8],
}

impl<'d> Record<'d> {
    fn cut_off(data: &'d [u8]) -> Result<Self, ReadError> {
        let digits = data.iter().take(20).position(|byte| *byte == b' ').ok_or(BAD)?;
        let length = usize::try_from(number(&data[..digits])?).map_err(|_| BAD)?;
        if length > data.len() || length < digits + 3 || data[length - 1] != b'\n' {
            return Err(BAD);
        }
        let body = &data[digits + 1..length - 1];
        let equals = body.iter().position(|byte| *byte == b'=').ok_or(BAD)?;
        Ok(Self { key: &body[..equals], value: &body[equals + 1..], rest: &data[length..] })
    }
}

/// An empty value takes an earlier one back.
fn filled(value: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
    if value.contains(&0) {
        return Err(ReadError::Header("NUL in a name"));
    }
    Ok(Some(value.to_owned()).filter(|value| !value.is_empty()))
}

fn optional<T>(value: &[u8], parse: impl Fn(&[u8]) -> Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    if value.is_empty() { Ok(None) } else { parse(value).map(Some) }
}

/// A decimal number that fits a file offset.
pub(super) fn number(text: &[u8]) -> Result<u64, ReadError> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let text = str::from_utf8(text).map_err(|_| BAD)?;
    text.parse().ok().filter(|number| *number <= i64::MAX as u64).ok_or(BAD)
}

fn identity(text: &[u8]) -> Result<u32, ReadError> {
    super::header::identity(Some(number(text)?.cast_signed()))
}

/// Decimal seconds with an optional sign and fraction; the result's fraction counts upward, as in `struct timespec`.
fn time(text: &[u8]) -> Result<(i64, u32), ReadError> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &[][..]),
    };
    let seconds = number(whole)?.cast_signed();
    let nanoseconds = nanoseconds(fraction)?;
    Ok(match (negative, nanoseconds) {
        (false, _) => (seconds, nanoseconds),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - nanoseconds),
    })
}

fn nanoseconds(fraction: &[u8]) -> Result<u32, ReadError> {
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    Ok((0..9).fold(0, |sum, at| sum * 10 + fraction.get(at).map_or(0, |digit| u32::from(digit - b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, value: &[u8]) -> Vec<u8> {
        let body = key.len() + value.len() + 3;
        let length = (1..).map(|digits| body + digits).find(|n| n.to_string().len() + body == *n).unwrap();
        [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
    }

    fn merged(data: &[u8]) -> Result<Extended, ReadError> {
        let mut extended = Extended::default();
        extended.merge(data).map(|()| extended)
    }

    #[test]
    fn a_value_may_hold_newlines_and_a_later_record_wins() {
        let data = [
            line("path", b"first"),
            line("SCHILY.xattr.security.capability", b"\x01\n\x00=\n"),
            line("path", b"a\nb"),
            line("mtime", b"-1.25"),
            line("uid", b"70000"),
            line("comment", b"x"),
        ]
        .concat();
        let extended = merged(&data).unwrap();
        assert_eq!(extended.path.unwrap(), b"a\nb");
        assert_eq!(extended.xattrs, [(b"security.capability".to_vec(), b"\x01\n\x00=\n".to_vec())]);
        assert_eq!(extended.mtime, Some((-2, 750_000_000)));
        assert_eq!(extended.uid, Some(70000));
    }

    #[test]
    fn refuses_malformed_records() {
        for bad in [
            &b"5 a=b"[..],
            b"99 path=x\n",
            b"6 path=\n",
            b"-1 a=b\n",
            b"0 a=b\n",
            b"path=x\n",
            b"18446744073709551616 path=x\n",
            b"8 nokey\n",
            b"\xff",
        ] {
            assert!(merged(bad).is_err(), "{bad:?}");
        }
        assert!(merged(&line("size", b"-5")).is_err(), "negative size");
        assert!(merged(&line("size", b"9223372036854775808")).is_err(), "beyond an offset");
        assert!(merged(&line("uid", b"4294967295")).is_err(), "the owner that chown(2) ignores");
        assert!(merged(&line("path", b"a\0b")).is_err());
        assert!(merged(&line("mtime", b"1.2.3")).is_err());
    }
}
