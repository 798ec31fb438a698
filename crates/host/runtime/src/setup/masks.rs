//! Paths that read as empty, and paths that cannot be written.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{self, FileType, OFlags};
use rustix::io::Errno;
use sys::mount::{Attributes, attr, set_attributes};
use sys::path;

use super::tree;
use crate::Error;
use crate::error::Step;
use crate::process::init::Init;

/// Puts a read-only copy of each path over itself. What does not exist needs no protection.
pub(crate) fn read_only_paths(init: &mut Init<'_>) -> Result<(), Error> {
    for path in &init.plan.linux.readonly_paths {
        let step = || format!("make `{}` read-only", path.display());
        let Some(target) = open(init, path).step(step())? else { continue };
        let tree = tree::copy_of(target.as_fd(), true).step(step())?;
        // Over the tree as a whole: a mount further down stays what it is, as with runc.
        set_attributes(tree.as_fd(), false, &Attributes::new(attr::RDONLY, 0, 0)).step(step())?;
        tree::attach(&tree, target.as_fd()).step(step())?;
    }
    Ok(())
}

/// Puts an empty read-only directory over each directory, and the null device over each file.
pub(crate) fn masked_paths(init: &mut Init<'_>) -> Result<(), Error> {
    let mut empty: Option<OwnedFd> = None;
    let mut null: Option<OwnedFd> = None;
    for path in &init.plan.linux.masked_paths {
        let step = || format!("mask `{}`", path.display());
        let Some(target) = open(init, path).step(step())? else { continue };
        let is_directory = FileType::from_raw_mode(fs::fstat(&target).step(step())?.st_mode) == FileType::Directory;
        let tree = match (is_directory, &empty, &null) {
            // All directories share one file system, which the first mount of it gives.
            (true, Some(first), _) => tree::copy_of(first.as_fd(), false).step(step())?,
            (true, None, _) => empty_directory()?,
            (false, _, Some(device)) => tree::copy_of(device.as_fd(), false).step(step())?,
            (false, _, None) => {
                let device = null.insert(null_device()?);
                tree::copy_of(device.as_fd(), false).step(step())?
            }
        };
        tree::attach(&tree, target.as_fd()).step(step())?;
        if is_directory && empty.is_none() {
            empty = Some(tree);
        }
    }
    Ok(())
}

fn open(init: &Init<'_>, path: &Path) -> Result<Option<OwnedFd>, Errno> {
    match path::open(init.root(), path, OFlags::PATH) {
        Ok(target) => Ok(Some(target)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error),
    }
}

fn empty_directory() -> Result<OwnedFd, Error> {
    let data = [("mode".to_owned(), Some("755".to_owned())), ("nr_inodes".to_owned(), Some("1".to_owned()))];
    let attributes = attr::RDONLY | attr::NOSUID | attr::NODEV | attr::NOEXEC;
    tree::new_file_system("tmpfs", Some(Path::new("tmpfs")), &data, attributes)
}

/// The host's null device, and no link or file in its place: an image can bring any `/dev/null` (CVE-2025-31133).
fn null_device() -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let null = fs::open("/dev/null", flags, fs::Mode::empty()).step("open `/dev/null`")?;
    let stat = fs::fstat(&null).step("stat `/dev/null`")?;
    let device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    if device && stat.st_rdev == fs::makedev(1, 3) {
        return Ok(null);
    }
    Err(Error::system("`/dev/null` of the host is not the null device"))
}
