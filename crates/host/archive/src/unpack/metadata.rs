//! Owner, mode, attributes and times of what was unpacked.
//!
//! The order is fixed: the owner first, since a change of owner takes away set-user-id bits and capabilities; then the
//! mode, the attributes, and the times last.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use rustix::fs::{chmodat, chownat, fchmod, fchown, fsetxattr, futimens, utimensat};
use rustix::io::Errno;

use super::error::{At, UnpackError};
use crate::read::{Entry, Kind};

/// What this process gives to new files without being asked, so that calls which change nothing can be left out.
pub(super) struct Defaults {
    uid: u32,
    gid: u32,
    umask: u32,
}

impl Defaults {
    /// Reads them once; the umask from procfs, since umask(2) could only be read by changing it under other threads.
    pub fn of_this_process() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        let umask = umask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(0o777);
        Self { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw(), umask }
    }

    /// Nothing is taken for granted, and nothing read: for a thread that sees somebody else's procfs.
    pub fn unknown() -> Self {
        Self { uid: u32::MAX, gid: u32::MAX, umask: 0o777 }
    }

    fn changes_owner(&self, entry: &Entry) -> bool {
        (entry.uid, entry.gid) != (self.uid, self.gid)
    }

    fn changes_mode(&self, mode: u32) -> bool {
        mode & 0o7000 != 0 || mode & self.umask != 0
    }

    /// Finishes an open regular file that was created with the entry's permission bits.
    pub fn finish_file(&self, file: BorrowedFd<'_>, entry: &Entry) -> Result<(), UnpackError> {
        self.own(file, entry)?;
        if self.changes_mode(entry.mode) {
            fchmod(file, Mode::from_raw_mode(entry.mode)).at("set mode of", &entry.path)?;
        }
        set_xattrs(file, entry)?;
        futimens(file, &times(entry)).at("set times of", &entry.path)
    }

    /// Finishes a directory but for its times and its set-group-id bit, which wait till nothing is made in it any more:
    /// files made in a directory with that bit would take over its group.
    pub fn finish_directory(&self, directory: BorrowedFd<'_>, entry: &Entry) -> Result<(), UnpackError> {
        self.own(directory, entry)?;
        fchmod(directory, Mode::from_raw_mode(entry.mode & !0o2000)).at("set mode of", &entry.path)?;
        set_xattrs(directory, entry)
    }

    fn own(&self, file: BorrowedFd<'_>, entry: &Entry) -> Result<(), UnpackError> {
        if !self.changes_owner(entry) {
            return Ok(());
        }
        fchown(file, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid))).at("set owner of", &entry.path)
    }

    /// Finishes a link, device or pipe that was just made as `name` in `parent`.
    pub fn finish_node(&self, parent: impl AsFd, name: &[u8], entry: &Entry) -> Result<(), UnpackError> {
        let parent = parent.as_fd();
        if self.changes_owner(entry) {
            let (uid, gid) = (Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)));
            chownat(parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW).at("set owner of", &entry.path)?;
        }
        if entry.kind != Kind::Symlink && self.changes_mode(entry.mode) {
            // It was made exclusively and is no link, so there is nothing to follow.
            chmodat(parent, name, Mode::from_raw_mode(entry.mode), AtFlags::empty()).at("set mode of", &entry.path)?;
        }
        utimensat(parent, name, &times(entry), AtFlags::SYMLINK_NOFOLLOW).at("set times of", &entry.path)
    }
}

/// The modification time for both, as the original engine sets them.
pub(super) fn times(entry: &Entry) -> Timestamps {
    let time = Timespec { tv_sec: entry.mtime, tv_nsec: entry.mtime_nanoseconds.into() };
    Timestamps { last_access: time, last_modification: time }
}

fn set_xattrs(file: BorrowedFd<'_>, entry: &Entry) -> Result<(), UnpackError> {
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| is_for_layers(name)) {
        match fsetxattr(file, name.as_slice(), value, XattrFlags::empty()) {
            // The file system has none of this kind.
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error).at("set attribute of", &entry.path),
        }
    }
    Ok(())
}

/// The attributes that a layer may set. What steers overlayfs, labels of the host's security modules and its integrity
/// measurement are not a layer's to say.
pub(crate) fn is_for_layers(name: &[u8]) -> bool {
    match name {
        b"security.capability" | b"system.posix_acl_access" | b"system.posix_acl_default" => true,
        _ => name.starts_with(b"user.") && !name.starts_with(b"user.overlay."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_may_not_steer_overlayfs_or_security_modules() {
        for kept in ["security.capability", "user.mime_type", "system.posix_acl_access"] {
            assert!(is_for_layers(kept.as_bytes()), "{kept}");
        }
        for dropped in [
            "trusted.overlay.opaque",
            "trusted.overlay.redirect",
            "user.overlay.opaque",
            "trusted.x",
            "security.selinux",
            "security.ima",
            "system.x",
            "x",
            "",
        ] {
            assert!(!is_for_layers(dropped.as_bytes()), "{dropped}");
        }
    }
}
