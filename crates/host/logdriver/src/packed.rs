//! Rotated files, packed: gzip members (RFC 1952) of some hundred kilobytes each, which `zcat` reads as one file.
//!
//! ```text
//! member: header with an extra field "GL": whose file this was, and where in it the member's text stood
//!         whole lines, deflated
//! ```
//!
//! Each member can be read without those before it. So what is destroyed of a packed file costs the records in the
//! members that it hits, and no others: they are read as zeros, like any hole of a log.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use flate2::{Compression, GzBuilder, bufread::GzDecoder};
use rustix::fs::FlockOperation;

use crate::files::{self, Identity, Place};

/// So much text goes into a member, in bytes; a longer line goes into one as a whole.
const MEMBER: usize = 256 << 10;
/// No member holds more text, in bytes: a longest record beyond [`MEMBER`].
const MEMBER_LIMIT: u64 = 4 << 20;
/// How every member begins: magic, deflate, an extra field.
const MAGIC: [u8; 4] = [0x1f, 0x8b, 8, 4];
/// The extra field: its name, its length (16), then two numbers of 64 bits, little end first.
const FIELD: [u8; 4] = [b'G', b'L', 16, 0];
/// The length of a header: ten fixed bytes, two of the extra's length, the extra.
const HEADER: usize = 12 + FIELD.len() + 16;

/// Packs every rotated file that is not packed yet; returns how many there were.
///
/// For another process than the log's writer, which is held up for no longer than two renames take.
pub fn pack(path: &Path) -> io::Result<usize> {
    let all = files::list(path)?;
    let plain = all.iter().rev().filter(|(place, _)| place.age > 0 && place.packed.is_none());
    let mut count = 0;
    for &(place, identity) in plain {
        count += usize::from(pack_one(path, place, identity)?);
    }
    Ok(count)
}

fn pack_one(path: &Path, place: Place, identity: Identity) -> io::Result<bool> {
    let text = match File::open(place.name(path)) {
        Ok(text) if Identity::of(&text)? == identity => text,
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let fresh = files::with_suffix(path, ".packing");
    let mut out = File::options().create(true).truncate(true).write(true).mode(files::MODE).open(&fresh)?;
    write_members(&text, &mut out, identity)?;
    // The text goes when its packed form is safe from a power cut.
    out.sync_all()?;
    let _lock = files::lock(path, FlockOperation::LockExclusive)?;
    let now = files::list(path)?.into_iter().find(|&(place, found)| found == identity && place.packed.is_none());
    match now {
        Some((place, _)) => {
            fs::rename(&fresh, files::packed_name(path, place.age))?;
            fs::remove_file(place.name(path))?;
        }
        // Rotated away meanwhile.
        None => fs::remove_file(&fresh)?,
    }
    Ok(now.is_some())
}

fn write_members(text: &File, out: &mut File, identity: Identity) -> io::Result<()> {
    let mut rest = Vec::new();
    let mut offset = 0;
    loop {
        let before = rest.len();
        let count = text.take(MEMBER as u64).read_to_end(&mut rest)?;
        let newline = memchr::memrchr(b'\n', &rest[before..]).map(|at| before + at + 1);
        let end = match newline {
            _ if count == 0 => rest.len(),
            Some(end) => end,
            None if (rest.len() as u64) < MEMBER_LIMIT / 2 => continue,
            None => rest.len(),
        };
        if end > 0 {
            write_member(&rest[..end], out, identity, offset)?;
            offset += end as u64;
            rest.drain(..end);
        }
        if count == 0 {
            return Ok(());
        }
    }
}

fn write_member(text: &[u8], out: &mut File, identity: Identity, offset: u64) -> io::Result<()> {
    let mut extra = FIELD.to_vec();
    extra.extend(identity.0.to_le_bytes());
    extra.extend(offset.to_le_bytes());
    let mut member = GzBuilder::new().extra(extra).write(Vec::new(), Compression::default());
    member.write_all(text)?;
    out.write_all(&member.finish()?)
}

/// What a member's header says.
#[derive(Clone, Copy)]
struct Header {
    identity: Identity,
    offset: u64,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let bytes = bytes.get(..HEADER)?;
    if !bytes.starts_with(&MAGIC) || bytes[12..16] != FIELD {
        return None;
    }
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    Some(Header { identity: Identity(number(16)), offset: number(24) })
}

/// Whose file this was, from the first member that still tells; the packed file's own identity where none does.
pub(crate) fn identity(file: &File) -> io::Result<Identity> {
    // Asked often, and nearly always answered by the first bytes.
    let mut start = [0; HEADER];
    let count = file.read_at(&mut start, 0)?;
    match header(&start[..count]) {
        Some(header) => Ok(header.identity),
        None => match next_header(file, 0)? {
            Some((_, header)) => Ok(header.identity),
            None => Identity::of(file),
        },
    }
}

/// The first header at or after `at`, and where it is.
fn next_header(file: &File, mut at: u64) -> io::Result<Option<(u64, Header)>> {
    let mut block = vec![0; 64 << 10];
    loop {
        let count = file.read_at(&mut block, at)?;
        let text = &block[..count];
        let found = memchr::memmem::find_iter(text, &MAGIC).find_map(|place| Some((place, header(&text[place..])?)));
        match found {
            Some((place, header)) => return Ok(Some((at + place as u64, header))),
            None if count < HEADER => return Ok(None),
            None => at += (count - HEADER + 1) as u64,
        }
    }
}

/// A packed file, read as the text that it was.
#[derive(Debug)]
pub(crate) struct Packed {
    file: File,
    /// Where the next member is looked for, in bytes of the packed file.
    next: u64,
    /// The text at hand, and where it stood.
    text: Vec<u8>,
    start: u64,
}

impl Packed {
    pub(crate) fn new(file: File) -> Self {
        Self { file, next: 0, text: Vec::new(), start: 0 }
    }

    /// Reads text from `offset` on; no bytes at the end.
    pub(crate) fn read_at(&mut self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < self.start {
            (self.next, self.start) = (0, 0);
            self.text.clear();
        }
        while offset >= self.start + self.text.len() as u64 {
            if !self.load()? {
                return Ok(0);
            }
            if self.start > offset {
                // A member that is destroyed.
                let count = (self.start - offset).min(out.len() as u64) as usize;
                out[..count].fill(0);
                return Ok(count);
            }
        }
        let text = &self.text[(offset - self.start) as usize..];
        let count = text.len().min(out.len());
        out[..count].copy_from_slice(&text[..count]);
        Ok(count)
    }

    /// Unpacks the next member that is whole.
    fn load(&mut self) -> io::Result<bool> {
        while let Some((at, header)) = next_header(&self.file, self.next)? {
            let mut decoder = GzDecoder::new(BufReader::new(At { file: &self.file, at }));
            let mut text = Vec::new();
            let whole = decoder.by_ref().take(MEMBER_LIMIT).read_to_end(&mut text).is_ok();
            if whole && header.offset >= self.start + self.text.len() as u64 {
                let input = decoder.into_inner();
                self.next = input.get_ref().at - input.buffer().len() as u64;
                (self.text, self.start) = (text, header.offset);
                return Ok(true);
            }
            self.next = at + 1;
        }
        Ok(false)
    }
}

/// A file read from a place on, whatever its own position is.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(out, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
#[path = "packed_test.rs"]
mod tests;
