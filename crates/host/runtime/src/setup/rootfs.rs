//! The root file system, mounted where only the container's mount namespace sees it.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, mount_change, move_mount,
};
use sys::mount::{Attributes, attr, set_attributes};

use super::tree;
use crate::Error;
use crate::error::{Step, cause};
use crate::process::init::Init;
use crate::request::RootFs;

/// fsconfig(2) copies at most 256 bytes of a string, its NUL included: fs/fsopen.c.
const LONGEST_VALUE: usize = 255;

/// Lets no mount of this namespace reach the host's, while those of the host go on to come in.
pub(crate) fn stop_propagation(_: &mut Init<'_>) -> Result<(), Error> {
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC).step("stop mount propagation")
}

/// Mounts the root over a directory that it is made of: nothing has to be made for it.
pub(crate) fn mount(init: &mut Init<'_>) -> Result<(), Error> {
    let made;
    let root = match &init.plan.prepared_root {
        Some(root) => root,
        None => {
            made = detached(&init.plan.request.rootfs)?;
            &made
        }
    };
    let point = init.plan.request.rootfs.mount_point();
    tree::propagate(root.as_fd(), MountPropagationFlags::PRIVATE).step("root file system: make private")?;
    move_mount(root, c"", CWD, point, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .step(format_args!("root file system: attach to `{}`", point.display()))?;
    let root = rustix::io::fcntl_dupfd_cloexec(root, 3).step("duplicate descriptor")?;
    init.set_root(root);
    Ok(())
}

/// Makes the root read-only, where it is asked for.
pub(crate) fn make_read_only(init: &mut Init<'_>) -> Result<(), Error> {
    if !init.plan.request.spec.root.as_ref().is_some_and(|root| root.readonly) {
        return Ok(());
    }
    set_attributes(init.root(), false, &Attributes::new(attr::RDONLY, 0, 0)).step("root file system: make read-only")
}

/// The root file system as a mount that is attached nowhere.
pub(crate) fn detached(rootfs: &RootFs) -> Result<OwnedFd, Error> {
    match rootfs {
        RootFs::Directory { path } => {
            tree::copy(path, true).step(format_args!("root file system: open `{}`", path.display()))
        }
        RootFs::Overlay { lower, upper, work } => overlay(lower, upper, work),
    }
}

fn overlay(lower: &[PathBuf], upper: &Path, work: &Path) -> Result<OwnedFd, Error> {
    if lower.is_empty() {
        return Err(Error::invalid("root file system: no layers"));
    }
    let context = fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC).step("root file system: overlay")?;
    let fail = |what: &Path, error| {
        let why = missing(what).unwrap_or_else(|| tree::explain(&context, error));
        Error::system(format!("root file system: overlay: `{}`: {why}", what.display()))
    };
    fsconfig_set_string(&context, c"source", c"overlay").map_err(|error| fail(upper, error))?;
    set_layers(&context, lower).map_err(|(path, error)| fail(path, error))?;
    for (key, path) in [("upperdir", upper), ("workdir", work)] {
        set_directory(&context, key, path).map_err(|error| fail(path, error))?;
    }
    fsconfig_create(&context).map_err(|error| fail(upper, error))?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).step("root file system: overlay")
}

/// One key for each layer where the kernel knows that (6.8), else all in one string.
fn set_layers<'a>(context: &OwnedFd, lower: &'a [PathBuf]) -> Result<(), (&'a Path, Errno)> {
    for (number, path) in lower.iter().enumerate() {
        match set_directory(context, "lowerdir+", path) {
            Ok(()) => {}
            Err(Errno::INVAL) if number == 0 && missing(path).is_none() => return set_joined(context, lower),
            Err(error) => return Err((path, error)),
        }
    }
    Ok(())
}

fn set_joined<'a>(context: &OwnedFd, lower: &'a [PathBuf]) -> Result<(), (&'a Path, Errno)> {
    let joined: Vec<Vec<u8>> = lower.iter().map(|path| escape(path)).collect();
    let joined = OsString::from_vec(joined.join(&b':'));
    fsconfig_set_string(context, c"lowerdir", joined.as_os_str()).map_err(|error| (lower[0].as_path(), error))
}

/// Overlayfs splits at colons that no backslash stands before.
fn escape(path: &Path) -> Vec<u8> {
    let escaped = |&byte: &u8| if matches!(byte, b':' | b'\\') { vec![b'\\', byte] } else { vec![byte] };
    path.as_os_str().as_bytes().iter().flat_map(escaped).collect()
}

/// Names a directory by its path, or through a descriptor where the path is too long for a string. (Overlayfs takes
/// descriptors themselves from Linux 6.13 on.)
fn set_directory(context: &OwnedFd, key: &str, path: &Path) -> Result<(), Errno> {
    if path.as_os_str().len() <= LONGEST_VALUE {
        return fsconfig_set_string(context, key, path);
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(path, flags, Mode::empty())?;
    fsconfig_set_string(context, key, format!("/proc/self/fd/{}", directory.as_raw_fd()))
}

/// The kernel says `EINVAL` about a layer that is not there; users want to know.
fn missing(path: &Path) -> Option<String> {
    rustix::fs::stat(path).err().map(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_with_colons_stay_one_layer() {
        assert_eq!(escape(Path::new(r"/a:b\c")), br"/a\:b\\c");
    }

    #[test]
    fn a_missing_layer_is_named() {
        let overlay = |lower: &[&str]| {
            let lower: Vec<_> = lower.iter().map(PathBuf::from).collect();
            detached(&RootFs::Overlay { lower, upper: "/no/upper".into(), work: "/no/work".into() })
        };
        let message = overlay(&["/no/such"]).unwrap_err().to_string();
        assert_eq!(message, "root file system: overlay: `/no/such`: no such file or directory");
        assert_eq!(overlay(&[]).unwrap_err().to_string(), "root file system: no layers");
    }
}
