//! Directories of the layer by name, resolved inside its root and kept open.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::rc::Rc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::fs::{fchmod, fsetxattr, major, minor, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;
use sys::path::resolve;

use super::error::{At, UnpackError};
use super::name::split;

/// Open directories kept at once. Archives are written directory by directory, so a few are enough.
const MOST_OPEN: usize = 64;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The directories of one layer.
pub(super) struct Parents<'r> {
    root: BorrowedFd<'r>,
    crosses_mounts: bool,
    open: HashMap<Vec<u8>, Rc<OwnedFd>>,
}

impl<'r> Parents<'r> {
    pub fn new(root: BorrowedFd<'r>, crosses_mounts: bool) -> Self {
        Self { root, crosses_mounts, open: HashMap::new() }
    }

    pub fn root(&self) -> BorrowedFd<'r> {
        self.root
    }

    /// The directory `name`, a clean name; it and what lacks above it is made.
    pub fn get(&mut self, name: &[u8]) -> Result<Rc<OwnedFd>, UnpackError> {
        match self.find(name) {
            Err(Errno::NOENT | Errno::NOTDIR) if !name.is_empty() => self.make(name),
            found => found.at("open directory", name),
        }
    }

    /// The directory `name`, a clean name, if it is there. Symbolic links in it are followed inside the root.
    pub fn find(&mut self, name: &[u8]) -> Result<Rc<OwnedFd>, Errno> {
        if let Some(known) = self.open.get(name) {
            return Ok(Rc::clone(known));
        }
        let found = Rc::new(self.open(name, OFlags::empty())?);
        self.keep(name, &found);
        Ok(found)
    }

    /// Opens a directory by a clean name without leaving the root, whatever links are on the way (openat2(2)).
    pub fn open(&self, name: &[u8], more: OFlags) -> Result<OwnedFd, Errno> {
        let name = if name.is_empty() { b"." } else { name };
        let how =
            if self.crosses_mounts { ResolveFlags::IN_ROOT } else { ResolveFlags::IN_ROOT | ResolveFlags::NO_XDEV };
        resolve(self.root, OsStr::from_bytes(name), DIRECTORY | more, how)
    }

    /// Remembers a directory that was made or opened as `name`.
    pub fn keep(&mut self, name: &[u8], directory: &Rc<OwnedFd>) {
        if self.open.len() >= MOST_OPEN {
            self.open.clear();
        }
        self.open.insert(name.to_owned(), Rc::clone(directory));
    }

    /// Forgets everything, because something that names may lead through was removed.
    pub fn forget(&mut self) {
        self.open.clear();
    }

    fn make(&mut self, name: &[u8]) -> Result<Rc<OwnedFd>, UnpackError> {
        let Some((above, last)) = split(name) else { return self.find(name).at("open directory", name) };
        let parent = self.get(above)?;
        let replaced = match statat(&*parent, last, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) if is_whiteout(&there) => {
                unlinkat(&*parent, last, AtFlags::empty()).at("replace whiteout", name)?;
                true
            }
            Ok(there) if FileType::from_raw_mode(there.st_mode) == FileType::Symlink => {
                return Err(UnpackError::refused(name, "a link without a target stands where a directory is needed"));
            }
            Ok(_) => return Err(UnpackError::refused(name, "a file stands where a directory is needed")),
            Err(_) => false,
        };
        // What the archive does not describe is root's, with the usual mode.
        mkdirat(&*parent, last, Mode::from_raw_mode(0o755)).at("make directory", name)?;
        let made =
            Rc::new(openat(&*parent, last, DIRECTORY | OFlags::NOFOLLOW, Mode::empty()).at("open directory", name)?);
        fchmod(&*made, Mode::from_raw_mode(0o755)).at("set mode of", name)?;
        if replaced {
            make_opaque(&made, name)?;
        }
        self.keep(name, &made);
        Ok(made)
    }
}

/// Makes the directory hide those of the lower layers.
pub(super) fn make_opaque(directory: &OwnedFd, name: &[u8]) -> Result<(), UnpackError> {
    fsetxattr(directory, "trusted.overlay.opaque", b"y", rustix::fs::XattrFlags::empty()).at("make opaque", name)
}

/// Whether this is overlayfs's mark for a removed name: a character device 0:0.
pub(super) fn is_whiteout(stat: &Stat) -> bool {
    let device = stat.st_rdev;
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && major(device) == 0 && minor(device) == 0
}
