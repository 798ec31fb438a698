//! One entry of an archive.

use super::sparse::Sparse;

/// A device number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The major number.
    pub major: u32,
    /// The minor number.
    pub minor: u32,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file; its content follows.
    File,
    /// A regular file with holes; the content of its segments follows.
    Sparse(Sparse),
    /// A directory.
    Directory,
    /// A symbolic link to any text.
    Symlink,
    /// Another name for an earlier entry.
    Hardlink,
    /// A character device.
    Character(Device),
    /// A block device.
    Block(Device),
    /// A named pipe.
    Fifo,
}

/// Extended attributes: names with their name space, and values.
pub type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// One entry, extended headers merged in. Names are as they stand in the archive: bytes, not checked.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub path: Vec<u8>,
    /// The target of a link.
    pub link: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Bytes of content that follow in the archive.
    pub size: u64,
    /// Permission bits with set-user-id, set-group-id and sticky.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Modification time: seconds since 1970, may be negative.
    pub mtime: i64,
    /// Nanoseconds of it, below 10⁹.
    pub mtime_nanoseconds: u32,
    /// Extended attributes.
    pub xattrs: Xattrs,
}
