//! What lies below a mount point, copied into the file system that is to hide it: the mount option `tmpcopyup`.
//!
//! Both trees are held by descriptors, and no link is followed: the one below may change while it is read.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

/// Directories in one another: more than any system has, and less than the stack and the table of descriptors hold.
const DEEPEST: usize = 64;

/// Copies everything in the directory `from`, and its own mode, owner and attributes, to the directory `to`.
///
/// # Errors
/// As of the system calls; `EMLINK` for more than 64 directories in one another.
pub(crate) fn copy_up(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    directory(&reopen(from)?, &reopen(to)?, DEEPEST)
}

/// A directory that can be read, from one that may be open for its path alone.
fn reopen(directory: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    fs::openat(directory, c".", DIRECTORY, Mode::empty())
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn directory(from: &OwnedFd, to: &OwnedFd, deeper: usize) -> Result<(), Errno> {
    let deeper = deeper.checked_sub(1).ok_or(Errno::MLINK)?;
    for entry in Dir::read_from(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            one(from, to, name, deeper)?;
        }
    }
    dress(from, to, &fs::fstat(from)?)
}

fn one(from: &OwnedFd, to: &OwnedFd, name: &CStr, deeper: usize) -> Result<(), Errno> {
    let stat = fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    match kind {
        FileType::Directory => {
            fs::mkdirat(to, name, Mode::RWXU)?;
            let (below, made) = (open(from, name, DIRECTORY)?, open(to, name, DIRECTORY)?);
            return directory(&below, &made, deeper);
        }
        FileType::RegularFile => {
            let source = open(from, name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC)?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let made = fs::openat(to, name, flags, Mode::RUSR | Mode::WUSR)?;
            content(&source, &made)?;
            return dress(&source, &made, &stat);
        }
        FileType::Symlink => fs::symlinkat(fs::readlinkat(from, name, Vec::new())?, to, name)?,
        _ => fs::mknodat(to, name, kind, Mode::from_raw_mode(stat.st_mode), stat.st_rdev)?,
    }
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    fs::chownat(to, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    if kind != FileType::Symlink {
        // The name is one that was made here, where nobody else can change it.
        fs::chmodat(to, name, Mode::from_raw_mode(stat.st_mode), AtFlags::empty())?;
    }
    fs::utimensat(to, name, &times(&stat), AtFlags::SYMLINK_NOFOLLOW)
}

fn open(directory: &OwnedFd, name: &CStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    fs::openat(directory, name, flags, Mode::empty())
}

/// The kernel moves the bytes; what it gives no end to (a file that grows) ends where it ended when this began.
fn content(from: &OwnedFd, to: &OwnedFd) -> Result<(), Errno> {
    let mut left = fs::fstat(from)?.st_size as u64;
    while left > 0 {
        match fs::sendfile(to, from, None, usize::try_from(left).unwrap_or(usize::MAX)) {
            Ok(0) => break,
            Ok(moved) => left = left.saturating_sub(moved as u64),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Owner first: changing it clears the bits that set ids.
fn dress(from: &OwnedFd, to: &OwnedFd, stat: &Stat) -> Result<(), Errno> {
    fs::fchown(to, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)))?;
    fs::fchmod(to, Mode::from_raw_mode(stat.st_mode))?;
    attributes(from, to)?;
    fs::futimens(to, &times(stat))
}

/// Extended attributes as far as the other file system has them.
fn attributes(from: &OwnedFd, to: &OwnedFd) -> Result<(), Errno> {
    let mut names = vec![0; fs::flistxattr(from.as_fd(), &mut [0u8; 0]).unwrap_or(0)];
    let length = fs::flistxattr(from.as_fd(), &mut names).unwrap_or(0);
    for name in names[..length].split_inclusive(|&byte| byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        let mut value = vec![0; fs::fgetxattr(from, name, &mut [0u8; 0])?];
        let length = fs::fgetxattr(from, name, &mut value)?;
        match fs::fsetxattr(to, name, &value[..length], XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn times(stat: &Stat) -> Timestamps {
    let time = |seconds, nanoseconds| rustix::time::Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec as i64),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec as i64),
    }
}
