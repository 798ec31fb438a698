//! Removal of whole directory trees.

use std::collections::VecDeque;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::fs::{fstat, openat, unlinkat};
use rustix::io::{Errno, Result};
use rustix::path::Arg;

/// Removes `name` of `parent` and everything below it, without following links or crossing into what a link leads to.
///
/// A container can make trees of any depth, so neither descriptors nor the stack grow with it: one directory is open at a
/// time, and the way back up is `..`, checked against the inode that it should lead to. Nobody else may move directories
/// below `name` meanwhile; if somebody does, the call fails with `ESTALE`.
pub fn remove(parent: BorrowedFd<'_>, name: impl Arg + Copy) -> Result<()> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => {}
        done => return done,
    }
    let mut walk = Walk::enter(open(parent, name)?, None)?;
    let mut levels: Vec<(CString, Walk)> = Vec::new();
    loop {
        match walk.pending.pop_front() {
            Some(child) => {
                let below = Walk::enter(open(walk.directory()?, child.as_c_str())?, Some(&mut walk))?;
                levels.push((child, std::mem::replace(&mut walk, below)));
            }
            None => match levels.pop() {
                Some((child, above)) => {
                    walk = walk.leave_to(above)?;
                    unlinkat(walk.directory()?, child.as_c_str(), AtFlags::REMOVEDIR)?;
                }
                None => break,
            },
        }
    }
    drop(walk);
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

fn open(parent: BorrowedFd<'_>, name: impl Arg) -> Result<OwnedFd> {
    openat(parent, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// One directory under removal: its files are gone, these directories are left.
struct Walk {
    directory: Option<OwnedFd>,
    identity: (u64, u64),
    pending: VecDeque<CString>,
}

impl Walk {
    /// Removes the files of a directory and notes its directories; closes the one above.
    fn enter(directory: OwnedFd, above: Option<&mut Walk>) -> Result<Self> {
        if let Some(above) = above {
            above.directory = None;
        }
        let mut pending = VecDeque::new();
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if entry.file_type() == FileType::Directory {
                pending.push_back(name.to_owned());
                continue;
            }
            match unlinkat(&directory, name, AtFlags::empty()) {
                // The file system did not tell the type.
                Err(Errno::ISDIR) => pending.push_back(name.to_owned()),
                done => done?,
            }
        }
        let identity = identity(&fstat(&directory)?);
        Ok(Self { directory: Some(directory), identity, pending })
    }

    fn directory(&self) -> Result<BorrowedFd<'_>> {
        self.directory.as_ref().map(AsFd::as_fd).ok_or(Errno::STALE)
    }

    /// Goes back up to `above`.
    fn leave_to(self, above: Walk) -> Result<Walk> {
        let directory = open(self.directory()?, c"..")?;
        if identity(&fstat(&directory)?) != above.identity {
            return Err(Errno::STALE);
        }
        Ok(Walk { directory: Some(directory), ..above })
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    use rustix::fs::mkdirat;
    use std::os::unix::fs::symlink;

    #[test]
    fn removes_a_tree_deeper_than_descriptors_and_paths_reach_and_follows_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let outside = temporary.path().join("outside");
        std::fs::write(&outside, "canary").unwrap();
        let top = temporary.path().join("top");
        std::fs::create_dir(&top).unwrap();
        symlink(temporary.path(), top.join("link")).unwrap();

        let parent = OwnedFd::from(std::fs::File::open(temporary.path()).unwrap());
        let mut here = open(parent.as_fd(), "top").unwrap();
        for _ in 0..3000 {
            mkdirat(&here, "directory", Mode::from_raw_mode(0o700)).unwrap();
            mkdirat(&here, "empty", Mode::from_raw_mode(0o700)).unwrap();
            here = open(here.as_fd(), "directory").unwrap();
        }
        drop(here);
        remove(parent.as_fd(), "top").unwrap();
        assert!(!top.exists());
        assert_eq!(std::fs::read_to_string(outside).unwrap(), "canary");
    }

    #[test]
    fn removes_a_file_and_says_when_there_is_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let parent = OwnedFd::from(std::fs::File::open(temporary.path()).unwrap());
        std::fs::write(temporary.path().join("file"), "").unwrap();
        remove(parent.as_fd(), "file").unwrap();
        assert_eq!(remove(parent.as_fd(), "file"), Err(Errno::NOENT));
    }
}
