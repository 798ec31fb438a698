//! Writes one entry after another: POSIX ustar, with a PAX header in front where ustar cannot say it.

use std::io::{self, Read, Write};

use super::error::PackError;
use crate::read::{BLOCK, Entry, Kind};
use crate::text::shown;

/// The highest number of an 8-byte field with seven octal digits, and the highest of a 12-byte one with eleven.
const MOST_SHORT: u64 = 0o777_7777;
const MOST_LONG: u64 = 0o777_7777_7777;
/// Room for a name and for a link target.
const NAME_FIELD: usize = 100;

/// Writes an archive to `W`. Without [`TarWriter::finish`] it has no end.
pub struct TarWriter<W> {
    out: W,
}

impl<W: Write> TarWriter<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Writes one entry; of `content` exactly `entry.size` bytes are read. Sparse files are written with their holes
    /// filled by whoever reads `content`, so [`Kind::Sparse`] is taken as a plain file.
    pub fn append(&mut self, entry: &Entry, content: impl Read) -> Result<(), PackError> {
        let records = pax_records(entry);
        if !records.is_empty() {
            let head = Header { flag: b'x', size: records.len() as u64, ..Header::of(entry) };
            self.write(&head.block(b"PaxHeaders/entry", b""))?;
            self.write(&records)?;
            self.pad(records.len() as u64)?;
        }
        self.write(&Header::of(entry).block(&entry.path, &entry.link))?;
        let copied = io::copy(&mut content.take(entry.size), &mut self.out).map_err(PackError::Write)?;
        if copied != entry.size {
            return Err(PackError::Shrunk(shown(&entry.path)));
        }
        self.pad(entry.size)
    }

    /// Writes the end and gives the receiver back.
    pub fn finish(mut self) -> Result<W, PackError> {
        self.write(&[0; 2 * BLOCK])?;
        self.out.flush().map_err(PackError::Write)?;
        Ok(self.out)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        self.out.write_all(bytes).map_err(PackError::Write)
    }

    fn pad(&mut self, size: u64) -> Result<(), PackError> {
        let amount = size.wrapping_neg() % BLOCK as u64;
        self.write(&[0; BLOCK][..amount as usize])
    }
}

/// The fields of a header that are numbers.
struct Header {
    flag: u8,
    size: u64,
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: i64,
    device: Option<crate::Device>,
}

impl Header {
    fn of(entry: &Entry) -> Self {
        let (flag, device) = match &entry.kind {
            Kind::File | Kind::Sparse(_) => (b'0', None),
            Kind::Hardlink => (b'1', None),
            Kind::Symlink => (b'2', None),
            Kind::Character(device) => (b'3', Some(*device)),
            Kind::Block(device) => (b'4', Some(*device)),
            Kind::Directory => (b'5', None),
            Kind::Fifo => (b'6', None),
        };
        let Entry { size, mode, uid, gid, mtime, .. } = *entry;
        Self { flag, size, mode, uid, gid, mtime, device }
    }

    fn block(&self, path: &[u8], link: &[u8]) -> [u8; BLOCK] {
        let mut header = tar::Header::new_ustar();
        let old = header.as_old_mut();
        fill(&mut old.name, path);
        fill(&mut old.linkname, link);
        header.set_entry_type(tar::EntryType::new(self.flag));
        header.set_mode(self.mode);
        header.set_size(if self.size > MOST_LONG { 0 } else { self.size });
        header.set_uid(if fits(self.uid) { self.uid.into() } else { 0 });
        header.set_gid(if fits(self.gid) { self.gid.into() } else { 0 });
        header.set_mtime(u64::try_from(self.mtime).ok().filter(|time| *time <= MOST_LONG).unwrap_or(0));
        if let Some(ustar) = header.as_ustar_mut() {
            ustar.set_device_major(self.device.map_or(0, |device| device.major));
            ustar.set_device_minor(self.device.map_or(0, |device| device.minor));
        }
        header.set_cksum();
        *header.as_bytes()
    }
}

fn fill(field: &mut [u8; NAME_FIELD], bytes: &[u8]) {
    let amount = bytes.len().min(NAME_FIELD);
    *field = [0; NAME_FIELD];
    field[..amount].copy_from_slice(&bytes[..amount]);
}

fn fits(id: u32) -> bool {
    u64::from(id) <= MOST_SHORT
}

/// What ustar cannot say of this entry, in a fixed order, so that equal trees give equal archives.
fn pax_records(entry: &Entry) -> Vec<u8> {
    let mut records = Vec::new();
    let mut say = |key: &[u8], value: &[u8]| record(&mut records, key, value);
    if is_long(&entry.path) {
        say(b"path", &entry.path);
    }
    if is_long(&entry.link) {
        say(b"linkpath", &entry.link);
    }
    if entry.size > MOST_LONG {
        say(b"size", entry.size.to_string().as_bytes());
    }
    for (key, id) in [(b"uid", entry.uid), (b"gid", entry.gid)] {
        if !fits(id) {
            say(key, id.to_string().as_bytes());
        }
    }
    if entry.mtime_nanoseconds != 0 || !(0..=MOST_LONG.cast_signed()).contains(&entry.mtime) {
        say(b"mtime", time(entry.mtime, entry.mtime_nanoseconds).as_bytes());
    }
    for (name, value) in &entry.xattrs {
        say(&[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    records
}

fn is_long(name: &[u8]) -> bool {
    name.len() > NAME_FIELD || !name.is_ascii()
}

/// Decimal seconds; nanoseconds count upward also before 1970.
fn time(seconds: i64, nanoseconds: u32) -> String {
    let sum = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    let (whole, fraction) = (sum.unsigned_abs() / 1_000_000_000, sum.unsigned_abs() % 1_000_000_000);
    let sign = if sum < 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{fraction:09}").trim_end_matches('0'))
}

/// Appends `length key=value\n`, where the length counts its own digits.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = key.len() + value.len() + 3;
    let mut length = body + 1;
    while length != body + length.to_string().len() {
        length = body + length.to_string().len();
    }
    records.extend_from_slice(length.to_string().as_bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Limits, Reader};

    fn entry(path: &[u8], kind: Kind) -> Entry {
        Entry {
            path: path.to_owned(),
            link: Vec::new(),
            kind,
            size: 0,
            mode: 0o4755,
            uid: 1,
            gid: 2,
            mtime: 1_700_000_000,
            mtime_nanoseconds: 0,
            xattrs: Vec::new(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut large = entry(&[b'n'; 300], Kind::File);
        large.size = 5;
        large.uid = 3_000_000_000;
        (large.mtime, large.mtime_nanoseconds) = (-2, 750_000_000);
        large.xattrs = vec![(b"security.capability".to_vec(), b"\x01\n=\0".to_vec())];
        let mut link = entry("grüße".as_bytes(), Kind::Symlink);
        link.link = vec![b't'; 101];
        let device = entry(b"dev/null", Kind::Character(Device { major: 1, minor: 3 }));
        let written = [large, link, device, entry(b"d", Kind::Directory), entry(b"p", Kind::Fifo)];

        let mut tar = TarWriter::new(Vec::new());
        for one in &written {
            tar.append(one, &b"hello"[..]).unwrap();
        }
        let bytes = tar.finish().unwrap();
        let mut reader = Reader::new(bytes.as_slice(), Limits::default());
        for one in &written {
            let read = reader.next_entry().unwrap().unwrap();
            assert_eq!(format!("{read:?}"), format!("{one:?}"));
        }
        assert!(reader.next_entry().unwrap().is_none());
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let mut file = entry(b"a", Kind::File);
        file.size = 6;
        let error = TarWriter::new(Vec::new()).append(&file, &b"hello"[..]).unwrap_err();
        assert_eq!(error.to_string(), "write archive: `a` became shorter meanwhile");
    }

    #[test]
    fn times_before_1970_have_a_sign() {
        assert_eq!(time(-2, 750_000_000), "-1.25");
        assert_eq!(time(-1, 0), "-1");
        assert_eq!(time(3, 1), "3.000000001");
    }
}
