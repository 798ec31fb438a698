//! The root file system, mounted where only the container's mount namespace sees it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, MoveMountFlags, mount_change, move_mount};
use sys::mount::{Attributes, attr, set_attributes};

use super::overlay::Overlay;
use super::tree;
use crate::Error;
use crate::error::Step;
use crate::process::init::Init;
use crate::request::RootFs;

/// Lets no mount of this namespace reach the host's, while those of the host go on to come in.
pub(crate) fn stop_propagation(_: &mut Init<'_>) -> Result<(), Error> {
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC).step("stop mount propagation")
}

/// Mounts the root over a directory that it is made of: nothing has to be made for it.
pub(crate) fn mount(init: &mut Init<'_>) -> Result<(), Error> {
    let rootfs = &init.plan.request.rootfs;
    let point = rootfs.mount_point();
    let root = match (&init.plan.prepared_root, overlay(rootfs)?) {
        (Some(root), _) => attach(rustix::io::fcntl_dupfd_cloexec(root, 3).step("duplicate descriptor")?, point)?,
        (None, None) => attach(detached(rootfs)?, point)?,
        (None, Some(overlay)) => match overlay.detached() {
            Ok(root) => attach(root, point)?,
            // Perhaps a kernel that does not know layers one by one; if not, the first message is the better one.
            Err(failure) if failure.errno == Errno::INVAL => overlay.mount_over(point).map_err(|_| failure.error)?,
            Err(failure) => return Err(failure.error),
        },
    };
    tree::propagate(root.as_fd(), MountPropagationFlags::PRIVATE).step("root file system: make private")?;
    init.set_root(root);
    Ok(())
}

fn attach(root: OwnedFd, point: &Path) -> Result<OwnedFd, Error> {
    move_mount(&root, c"", CWD, point, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .step(format_args!("root file system: attach to `{}`", point.display()))?;
    Ok(root)
}

/// Makes the root read-only, where it is asked for.
pub(crate) fn make_read_only(init: &mut Init<'_>) -> Result<(), Error> {
    if !init.plan.request.spec.root.as_ref().is_some_and(|root| root.readonly) {
        return Ok(());
    }
    set_attributes(init.root(), false, &Attributes::new(attr::RDONLY, 0, 0)).step("root file system: make read-only")
}

/// Mounts a root file system in the caller's mount namespace, for a runtime that takes a directory.
///
/// # Errors
/// What the kernel says against it.
pub fn mount_root(rootfs: &RootFs, target: &Path) -> Result<(), Error> {
    attach(detached(rootfs)?, target).map(drop)
}

/// The root file system as a mount that is attached nowhere.
pub(crate) fn detached(rootfs: &RootFs) -> Result<OwnedFd, Error> {
    if let Some(overlay) = overlay(rootfs)? {
        return overlay.detached().or_else(|failure| match failure.errno {
            // As above, but with no place to mount it over.
            Errno::INVAL => overlay.detached_by_one_string().map_err(|_| failure.error),
            _ => Err(failure.error),
        });
    }
    let path = rootfs.mount_point();
    tree::copy(path, true).step(format_args!("root file system: open `{}`", path.display()))
}

fn overlay(rootfs: &RootFs) -> Result<Option<Overlay<'_>>, Error> {
    match rootfs {
        RootFs::Directory { .. } => Ok(None),
        RootFs::Overlay { lower, .. } if lower.is_empty() => Err(Error::invalid("root file system: no layers")),
        RootFs::Overlay { lower, upper, work, volatile } => {
            Ok(Some(Overlay { lower, upper, work, volatile: *volatile }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_missing_layer_is_named() {
        let overlay = |lower: &[&str]| {
            let lower: Vec<_> = lower.iter().map(PathBuf::from).collect();
            detached(&RootFs::Overlay { lower, upper: "/no/upper".into(), work: "/no/work".into(), volatile: false })
        };
        let message = overlay(&["/no/such"]).unwrap_err().to_string();
        assert_eq!(message, "root file system: overlay: `/no/such`: no such file or directory");
        assert_eq!(overlay(&[]).unwrap_err().to_string(), "root file system: no layers");
    }
}
