//! The header `X-Docker-Container-Path-Stat` of `HEAD` and `GET /containers/{id}/archive`: JSON in base64.

use serde::{Deserialize, Serialize};

/// The header's name.
pub const PATH_STAT_HEADER: &str = "X-Docker-Container-Path-Stat";

/// A path in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PathStat {
    /// The last part of the path.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Permission bits, and the kind in Go's bits; see the constants below.
    pub mode: u32,
    /// When it was last written, by RFC 3339.
    pub mtime: String,
    /// Of a symbolic link, resolved to a path of the container; else empty.
    #[serde(rename = "linkTarget")]
    pub link_target: String,
}

impl PathStat {
    /// A directory.
    pub const DIRECTORY: u32 = 1 << 31;
    /// A symbolic link.
    pub const SYMLINK: u32 = 1 << 27;
    /// A device.
    pub const DEVICE: u32 = 1 << 26;
    /// A named pipe.
    pub const FIFO: u32 = 1 << 25;
    /// A socket.
    pub const SOCKET: u32 = 1 << 24;
    /// The user is changed when it is executed.
    pub const SETUID: u32 = 1 << 23;
    /// The group is changed when it is executed.
    pub const SETGID: u32 = 1 << 22;
    /// A device of characters; comes with [`PathStat::DEVICE`].
    pub const CHARACTERS: u32 = 1 << 21;
    /// Files in it can be removed by their owners alone.
    pub const STICKY: u32 = 1 << 20;
    /// Something else.
    pub const IRREGULAR: u32 = 1 << 19;

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.mode & Self::DIRECTORY != 0
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.mode & Self::SYMLINK != 0
    }
}
