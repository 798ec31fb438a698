//! `/containers/{id}/archive` and `/containers/{id}/changes`.

use serde::{Deserialize, Serialize};

/// A file in a container: the header `X-Docker-Container-Path-Stat`, as base64 of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PathStat {
    /// The last component of the path that was asked for; `.` where that ends so.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Permissions in the lower nine bits, and the kind in Go's: [`PathStat::DIRECTORY`] and its siblings.
    pub mode: u32,
    /// When the content was changed, by RFC 3339.
    pub mtime: String,
    /// Where a link leads, all links followed, from the container's root; empty for what is no link.
    pub link_target: String,
}

/// Go's bits of a file's mode: the package `io/fs`.
impl PathStat {
    /// A directory.
    pub const DIRECTORY: u32 = 1 << 31;
    /// A symbolic link.
    pub const SYMLINK: u32 = 1 << 27;
    /// A device.
    pub const DEVICE: u32 = 1 << 26;
    /// A named pipe.
    pub const NAMED_PIPE: u32 = 1 << 25;
    /// A socket.
    pub const SOCKET: u32 = 1 << 24;
    /// Runs as its owner.
    pub const SETUID: u32 = 1 << 23;
    /// Runs as its group.
    pub const SETGID: u32 = 1 << 22;
    /// A character device, beside [`PathStat::DEVICE`].
    pub const CHARACTER_DEVICE: u32 = 1 << 21;
    /// Only owners remove what is in it.
    pub const STICKY: u32 = 1 << 20;
}

/// A name that differs from the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FilesystemChange {
    /// From the container's root, with a slash in front.
    pub path: String,
    /// What has become of it: [`FilesystemChange::MODIFIED`] and its siblings.
    pub kind: u8,
}

impl FilesystemChange {
    /// Other content, owner or mode, or something in it has changed.
    pub const MODIFIED: u8 = 0;
    /// New.
    pub const ADDED: u8 = 1;
    /// Gone.
    pub const DELETED: u8 = 2;
}
