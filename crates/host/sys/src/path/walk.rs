//! What openat2(2) does, one component after another, for kernels and filters that do not let it through.
//!
//! Directories that were passed stay open: `..` goes back to one of them, never where the kernel would take it, so that a
//! directory that is moved meanwhile leads nowhere else.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;

use super::{MAX_LINKS, components};

/// The number of procfs's root directory, in which links are ordinary ones: PROC_ROOT_INO of linux/proc_ns.h.
const PROC_ROOT: u64 = 1;

/// Resolves `path` inside `root` as openat2(2) does by `how`.
pub(super) fn open(root: BorrowedFd<'_>, path: &Path, flags: OFlags, how: ResolveFlags) -> Result<OwnedFd, Errno> {
    let mut walk = Walk { root, passed: Vec::new(), todo: VecDeque::new(), links: 0, how };
    walk.then(path)?;
    walk.run(flags | OFlags::CLOEXEC)
}

struct Walk<'a> {
    root: BorrowedFd<'a>,
    /// The directories below the root on the way so far.
    passed: Vec<OwnedFd>,
    todo: VecDeque<OsString>,
    links: usize,
    how: ResolveFlags,
}

impl Walk<'_> {
    fn run(mut self, flags: OFlags) -> Result<OwnedFd, Errno> {
        while let Some(name) = self.todo.pop_front() {
            if name == ".." {
                self.back()?;
                continue;
            }
            let is_last = self.todo.is_empty();
            let child =
                fs::openat(self.here(), &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
            self.check_mount(&child)?;
            match FileType::from_raw_mode(fs::fstat(&child)?.st_mode) {
                FileType::Symlink if is_last && flags.contains(OFlags::NOFOLLOW) => {
                    return if flags.contains(OFlags::PATH) { Ok(child) } else { Err(Errno::LOOP) };
                }
                FileType::Symlink => self.follow(&child)?,
                _ if is_last => {
                    // Somebody may have put another in its place: no link is taken, nor what is on another mount.
                    let opened = fs::openat(self.here(), &name, flags | OFlags::NOFOLLOW, Mode::empty())?;
                    return self.check_mount(&opened).map(|()| opened);
                }
                FileType::Directory => self.passed.push(child),
                _ => return Err(Errno::NOTDIR),
            }
        }
        fs::openat(self.here(), c".", flags, Mode::empty())
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.passed.last().map_or(self.root, AsFd::as_fd)
    }

    fn back(&mut self) -> Result<(), Errno> {
        match self.passed.pop() {
            None if self.how.contains(ResolveFlags::BENEATH) => Err(Errno::XDEV),
            _ => Ok(()),
        }
    }

    /// Puts a path before what is still to go.
    fn then(&mut self, path: &Path) -> Result<(), Errno> {
        if path.is_absolute() {
            if self.how.contains(ResolveFlags::BENEATH) {
                return Err(Errno::XDEV);
            }
            self.passed.clear();
        }
        for component in components(path.as_os_str()).collect::<Vec<_>>().into_iter().rev() {
            self.todo.push_front(component);
        }
        Ok(())
    }

    fn follow(&mut self, link: &OwnedFd) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MAX_LINKS || self.how.contains(ResolveFlags::NO_SYMLINKS) || self.is_magic(link)? {
            return Err(Errno::LOOP);
        }
        let target = OsString::from_vec(fs::readlinkat(link, c"", Vec::new())?.into_bytes());
        if target.as_bytes().is_empty() {
            return Err(Errno::NOENT);
        }
        self.then(Path::new(&target))
    }

    fn is_magic(&self, link: &OwnedFd) -> Result<bool, Errno> {
        let is_of_procfs = fs::fstatfs(link)?.f_type == fs::PROC_SUPER_MAGIC;
        Ok(is_of_procfs && fs::fstat(self.here())?.st_ino != PROC_ROOT)
    }

    fn check_mount(&self, child: &OwnedFd) -> Result<(), Errno> {
        if !self.how.contains(ResolveFlags::NO_XDEV) {
            return Ok(());
        }
        if mount(self.root)? == mount(child.as_fd())? { Ok(()) } else { Err(Errno::XDEV) }
    }
}

/// The mount that a file is seen by, where the kernel tells it (Linux 5.8), and its device.
fn mount(file: BorrowedFd<'_>) -> Result<(u64, u64), Errno> {
    // STATX_MNT_ID of linux/stat.h.
    let mount = StatxFlags::from_bits_retain(0x1000);
    let device = fs::fstat(file)?.st_dev;
    let id = fs::statx(file, c"", AtFlags::EMPTY_PATH, mount).map_or(0, |found| found.stx_mnt_id);
    Ok((id, device))
}
