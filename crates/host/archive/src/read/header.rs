//! One header block, checked, as numbers.

use super::error::ReadError;
use super::{BLOCK, Device};

/// Type flags of POSIX and GNU.
pub(super) mod flag {
    pub const LINK: u8 = b'1';
    pub const SYMLINK: u8 = b'2';
    pub const CHARACTER: u8 = b'3';
    pub const BLOCK: u8 = b'4';
    pub const DIRECTORY: u8 = b'5';
    pub const FIFO: u8 = b'6';
    pub const CONTIGUOUS: u8 = b'7';
    pub const GNU_LONG_LINK: u8 = b'K';
    pub const GNU_LONG_NAME: u8 = b'L';
    pub const GNU_SPARSE: u8 = b'S';
    pub const PAX_LOCAL: u8 = b'x';
    pub const PAX_GLOBAL: u8 = b'g';
}

/// Offset and length of the checksum field.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// A header whose checksum is right.
pub(super) struct Header(tar::Header);

impl Header {
    /// Checks the block's sum; `None` for a block of zeros.
    pub fn check(block: &[u8; BLOCK]) -> Result<Option<Self>, ReadError> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = tar::Header::from_byte_slice(block);
        let stated = header.cksum().map_err(|_| ReadError::Header("not a tar archive"))?;
        if !sums(block).contains(&i64::from(stated)) {
            return Err(ReadError::Header("wrong checksum of a header, or not a tar archive"));
        }
        Ok(Some(Self(header.clone())))
    }

    pub fn flag(&self) -> u8 {
        self.0.entry_type().as_byte()
    }

    pub fn path(&self) -> Vec<u8> {
        self.0.path_bytes().into_owned()
    }

    pub fn link(&self) -> Vec<u8> {
        self.0.link_name_bytes().map(|name| name.into_owned()).unwrap_or_default()
    }

    /// The size field; negative and absurd values are refused.
    pub fn size(&self) -> Result<u64, ReadError> {
        let size = number(&self.0.as_old().size).and_then(|size| u64::try_from(size).ok());
        size.ok_or(ReadError::Header("bad size of an entry"))
    }

    pub fn mode(&self) -> Result<u32, ReadError> {
        let mode = number(&self.0.as_old().mode).ok_or(ReadError::Header("bad mode of an entry"))?;
        Ok((mode & 0o7777) as u32)
    }

    pub fn uid(&self) -> Result<u32, ReadError> {
        identity(number(&self.0.as_old().uid))
    }

    pub fn gid(&self) -> Result<u32, ReadError> {
        identity(number(&self.0.as_old().gid))
    }

    /// Seconds since 1970.
    pub fn mtime(&self) -> Result<i64, ReadError> {
        number(&self.0.as_old().mtime).ok_or(ReadError::Header("bad time of an entry"))
    }

    pub fn device(&self) -> Result<Device, ReadError> {
        let (major, minor) = match (self.0.as_ustar(), self.0.as_gnu()) {
            (Some(ustar), _) => (ustar.dev_major, ustar.dev_minor),
            (_, Some(gnu)) => (gnu.dev_major, gnu.dev_minor),
            _ => return Ok(Device { major: 0, minor: 0 }),
        };
        let device = |field: &[u8]| number(field).and_then(|number| u32::try_from(number).ok());
        match (device(&major), device(&minor)) {
            (Some(major), Some(minor)) => Ok(Device { major, minor }),
            _ => Err(ReadError::Header("bad device number of an entry")),
        }
    }

    /// The old GNU format's fields, where the header is of that format.
    pub fn gnu(&self) -> Option<&tar::GnuHeader> {
        self.0.as_gnu()
    }
}

/// A user or group id. The highest value means "leave it as it is" to chown(2) and is none.
pub(super) fn identity(id: Option<i64>) -> Result<u32, ReadError> {
    id.and_then(|id| u32::try_from(id).ok())
        .filter(|id| *id != u32::MAX)
        .ok_or(ReadError::Header("bad owner of an entry"))
}

/// A number field: octal digits between blanks and zeros, where nothing is 0; or, with the highest bit set, a binary
/// number in two's complement (GNU).
pub(super) fn number(field: &[u8]) -> Option<i64> {
    if field.first()? & 0x80 != 0 {
        return binary(field);
    }
    let blank = |byte: &u8| matches!(*byte, 0 | b' ');
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let digits = &field[start..];
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    digits[..end].iter().try_fold(0_i64, |sum, digit| match digit {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

fn binary(field: &[u8]) -> Option<i64> {
    // The second highest bit is the sign; it takes the highest one's place.
    let first = i64::from(((field[0] << 1).cast_signed()) >> 1);
    field[1..].iter().try_fold(first, |sum, byte| sum.checked_mul(256)?.checked_add(i64::from(*byte)))
}

/// The sum over the block with the checksum field taken as spaces; old writers summed signed bytes.
fn sums(block: &[u8; BLOCK]) -> [i64; 2] {
    let outside = || block[..CHECKSUM.start].iter().chain(&block[CHECKSUM.end..]);
    let spaces = CHECKSUM.len() as i64 * i64::from(b' ');
    [
        spaces + outside().map(|byte| i64::from(*byte)).sum::<i64>(),
        spaces + outside().map(|byte| i64::from(byte.cast_signed())).sum::<i64>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary_with_a_sign() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0\0\0\0\0"), Some(0));
        assert_eq!(number(b"777777777777"), Some((1 << 36) - 1));
        assert_eq!(number(b"-1"), None);
        assert_eq!(number(b"98"), None);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        assert_eq!(number(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]), Some(-2));
        assert_eq!(number(&[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(number(&[]), None);
    }

    #[test]
    fn a_block_without_the_right_sum_is_no_header() {
        let mut header = tar::Header::new_ustar();
        header.set_path("a").unwrap();
        header.set_cksum();
        let mut block = *header.as_bytes();
        assert!(Header::check(&block).unwrap().is_some());
        block[0] = b'b';
        assert!(Header::check(&block).is_err());
        assert!(Header::check(&[0; BLOCK]).unwrap().is_none());
        assert!(Header::check(&[b'x'; BLOCK]).is_err());
    }
}
