//! mount_setattr(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `MOUNT_ATTR_*` bits of linux/mount.h.
pub mod attr {
    /// Read-only.
    pub const RDONLY: u64 = 0x1;
    /// Set-user-id bits have no effect.
    pub const NOSUID: u64 = 0x2;
    /// Device nodes cannot be opened.
    pub const NODEV: u64 = 0x4;
    /// Programs cannot be executed.
    pub const NOEXEC: u64 = 0x8;
    /// The field of the three access time policies; relatime is 0.
    pub const ATIME: u64 = 0x70;
    /// Access times are never updated.
    pub const NOATIME: u64 = 0x10;
    /// Access times are always updated.
    pub const STRICTATIME: u64 = 0x20;
    /// Access times of directories are never updated.
    pub const NODIRATIME: u64 = 0x80;
    /// Symbolic links are not followed.
    pub const NOSYMFOLLOW: u64 = 0x20_0000;
}

/// `MOUNT_ATTR_IDMAP` of linux/mount.h.
const IDMAP: u64 = 0x10_0000;

/// What [`set_attributes`] changes: `struct mount_attr`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bits to set.
    pub set: u64,
    /// Bits to clear, before the others are set. [`attr::ATIME`] must be cleared as a whole to set another policy.
    pub clear: u64,
    /// `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`, `MS_UNBINDABLE`; 0 leaves it.
    pub propagation: u64,
    /// For [`map_ids`] alone.
    userns_fd: u64,
}

impl Attributes {
    /// Sets and clears bits, and changes the propagation type where it is not 0.
    pub fn new(set: u64, clear: u64, propagation: u64) -> Self {
        Self { set, clear, propagation, userns_fd: 0 }
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Shows owners below a detached mount under the ids of a user namespace: `MOUNT_ATTR_IDMAP`, Linux 5.12.
///
/// # Errors
/// `EINVAL` from a file system that cannot, from a mount that is attached, or mapped already.
pub fn map_ids(mount: BorrowedFd<'_>, recursive: bool, user_namespace: BorrowedFd<'_>) -> io::Result<()> {
    let namespace = user_namespace.as_raw_fd().cast_unsigned().into();
    set_attributes(mount, recursive, &Attributes { set: IDMAP, userns_fd: namespace, ..Attributes::default() })
}

/// Changes the mount whose root `mount` is, and all below it where `recursive`: Linux 5.12.
pub fn set_attributes(mount: BorrowedFd<'_>, recursive: bool, attributes: &Attributes) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty NUL-terminated string, and `attributes` is a mount_attr of the given size that the
    // kernel only reads.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const *attributes,
            size_of::<Attributes>(),
        )
    };
    super::check(result).map(drop)
}
