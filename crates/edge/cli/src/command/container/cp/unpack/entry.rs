//! One entry of an archive.

use super::times;
use crate::exit::go_errno;
use rustix::fs::{FileType, Mode, Timestamps};
use std::io::Read;
use tar::EntryType;

/// How extended attributes are called in the headers of an archive.
const ATTRIBUTE: &str = "SCHILY.xattr.";

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// With its target.
    Symlink(Vec<u8>),
    /// With the name of the other entry.
    Link(Vec<u8>),
    /// A pipe or a device with its number.
    Special(FileType, u64),
}

/// The head of an entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As it stands in the archive.
    pub name: Vec<u8>,
    pub kind: Kind,
    /// Permission bits.
    pub mode: Mode,
    /// Extended attributes of a file.
    pub attributes: Vec<(String, Vec<u8>)>,
    seconds: i64,
}

impl Entry {
    /// Reads the head.
    pub fn read(raw: &mut tar::Entry<impl Read>) -> Result<Entry, String> {
        let name = raw.path_bytes().into_owned();
        let shown = human::quote(&String::from_utf8_lossy(&name));
        let broken = |error: std::io::Error| format!("read archive: {shown}: {}", go_errno(&error));
        let header = raw.header();
        let mode = Mode::from_raw_mode(header.mode().map_err(broken)? & 0o7777);
        let seconds = i64::try_from(header.mtime().map_err(broken)?).unwrap_or(0);
        let link = || raw.link_name_bytes().map(|target| target.into_owned()).unwrap_or_default();
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink(link()),
            EntryType::Link => Kind::Link(link()),
            EntryType::Fifo => Kind::Special(FileType::Fifo, 0),
            EntryType::Char => Kind::Special(FileType::CharacterDevice, device(header).map_err(broken)?),
            EntryType::Block => Kind::Special(FileType::BlockDevice, device(header).map_err(broken)?),
            other => return Err(format!("read archive: {shown}: unknown type {other:?}")),
        };
        let attributes = if kind == Kind::File { attributes(raw).map_err(broken)? } else { Vec::new() };
        Ok(Entry { name, kind, mode, attributes, seconds })
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// When it was last written, as both times.
    pub fn times(&self) -> Timestamps {
        times(self.seconds)
    }
}

fn device(header: &tar::Header) -> std::io::Result<u64> {
    let (major, minor) = (header.device_major()?, header.device_minor()?);
    Ok(rustix::fs::makedev(major.unwrap_or(0), minor.unwrap_or(0)))
}

fn attributes(raw: &mut tar::Entry<impl Read>) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for record in raw.pax_extensions()?.into_iter().flatten() {
        let record = record?;
        if let Some(name) = record.key().ok().and_then(|key| key.strip_prefix(ATTRIBUTE)) {
            found.push((name.to_string(), record.value_bytes().to_vec()));
        }
    }
    Ok(found)
}
