//! How much a container has written.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, statat};
use rustix::io::Errno;
use sys::path::resolve;

/// The bytes of all files below `root`, each inode once, as Docker counts them: sizes, not blocks, and no directories.
/// The container may change the tree meanwhile; what vanishes counts nothing.
pub(crate) fn of(root: &Path) -> Result<u64, Errno> {
    let root = rustix::fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut seen = HashSet::new();
    let mut sum = 0_u64;
    let mut waiting = vec![PathBuf::new()];
    while let Some(path) = waiting.pop() {
        let Some(directory) = open(&root, &path)? else { continue };
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(stat) = statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                waiting.push(path.join(OsString::from(std::ffi::OsStr::from_bytes(name.to_bytes()))));
            } else if stat.st_nlink < 2 || seen.insert(stat.st_ino) {
                sum = sum.saturating_add(stat.st_size.unsigned_abs());
            }
        }
    }
    Ok(sum)
}

/// Opens a directory below `root` without following links; `None` if it is gone.
fn open(root: &OwnedFd, path: &Path) -> Result<Option<OwnedFd>, Errno> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match resolve(root, path, flags, how) {
        Ok(directory) => Ok(Some(directory)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => Ok(None),
        Err(error) => Err(error),
    }
}
