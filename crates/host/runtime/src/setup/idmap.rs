//! Mounts whose owners are shown under other ids: mount_setattr(2), "ID-mapped mounts".

use std::os::fd::{AsFd, OwnedFd};

use oci::runtime::IdMapping;
use rustix::fs::{Mode, OFlags};
use sys::clone::{Fork, flag, fork};
use sys::mount::map_ids;

use crate::Error;
use crate::error::Step;
use crate::process::message::Channel;
use crate::process::parent::{ChildGuard, write_id_maps};

/// Maps the ids of a detached mount, and of those below it where `recursive`.
///
/// # Errors
/// Mappings that the kernel refuses, and a file system that cannot.
pub(crate) fn apply(mount: &OwnedFd, recursive: bool, uids: &[IdMapping], gids: &[IdMapping]) -> Result<(), Error> {
    let namespace = namespace(uids, gids)?;
    map_ids(mount.as_fd(), recursive, namespace.as_fd()).step("map ids")
}

/// A user namespace with these mappings, in which nobody is any more.
fn namespace(uids: &[IdMapping], gids: &[IdMapping]) -> Result<OwnedFd, Error> {
    let (ours, theirs) = Channel::pair()?;
    let holder = match fork(flag::NEWUSER, None).step("make user namespace")? {
        Fork::Child(child) => {
            drop(ours);
            // Until the parent is gone, or kills it.
            let _ = theirs.wait_for_go();
            child.exit(0)
        }
        Fork::Parent { pid, pidfd } => ChildGuard::new(pid, pidfd),
    };
    write_id_maps(holder.pid(), uids, gids)?;
    let path = format!("/proc/{}/ns/user", holder.pid());
    rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).step(format_args!("open `{path}`"))
}
