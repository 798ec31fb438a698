//! Mounts as descriptors: made detached, changed while nobody can see them, attached where a descriptor says.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};
use sys::mount::{Attributes, set_attributes};

use crate::Error;
use crate::error::{Step, cause};
use crate::mount_options::MountOptions;

/// A new mount of a file system of type `kind`, attached nowhere.
///
/// # Errors
/// The kernel's cause, and what it noted in the context's log.
pub(crate) fn new_file_system(
    kind: &str,
    source: Option<&Path>,
    data: &[(String, Option<String>)],
    attributes: u64,
) -> Result<OwnedFd, Error> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).step(format_args!("file system `{kind}`"))?;
    let configure = || {
        if let Some(source) = source {
            fsconfig_set_string(&context, c"source", source)?;
        }
        for (key, value) in data {
            match value {
                Some(value) => fsconfig_set_string(&context, key.as_str(), value.as_str())?,
                None => fsconfig_set_flag(&context, key.as_str())?,
            }
        }
        fsconfig_create(&context)
    };
    configure().map_err(|error| Error::system(format!("file system `{kind}`: {}", explain(&context, error))))?;
    let attributes = MountAttrFlags::from_bits_retain(attributes as u32);
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes).step(format_args!("file system `{kind}`"))
}

/// The cause with the messages which the kernel keeps for the reader of a file system context.
pub(crate) fn explain(context: &OwnedFd, error: Errno) -> String {
    let mut text = cause(error);
    let mut buffer = [0; 256];
    while let Ok(length @ 1..) = rustix::io::read(context, &mut buffer) {
        // Each begins with its level: `e tmpfs: Bad value for 'size'`.
        let note = String::from_utf8_lossy(&buffer[..length]);
        if let Some(note) = note.strip_prefix("e ") {
            text = format!("{text} ({})", note.trim_end());
        }
    }
    text
}

/// A copy of the mount at `path`, and of those below where `recursive`, attached nowhere.
pub(crate) fn copy(path: &Path, recursive: bool) -> Result<OwnedFd, Errno> {
    open_tree(CWD, path, flags(recursive))
}

/// A copy of what `fd` refers to, attached nowhere.
pub(crate) fn copy_of(fd: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd, Errno> {
    open_tree(fd, c"", flags(recursive) | OpenTreeFlags::AT_EMPTY_PATH)
}

fn flags(recursive: bool) -> OpenTreeFlags {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive { flags | OpenTreeFlags::AT_RECURSIVE } else { flags }
}

/// Attaches a detached mount over what `target` refers to.
pub(crate) fn attach(mount: &OwnedFd, target: BorrowedFd<'_>) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, c"", target, c"", flags)
}

/// Attaches a detached mount over the entry `name` of a directory, which is not followed.
pub(crate) fn attach_at(mount: &OwnedFd, directory: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    move_mount(mount, c"", directory, name, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

/// Applies the attributes of `options`.
pub(crate) fn apply(mount: &OwnedFd, options: &MountOptions) -> std::io::Result<()> {
    for (recursive, attributes) in [(false, options.own()), (true, options.all())] {
        if !attributes.is_empty() {
            set_attributes(mount.as_fd(), recursive, &attributes)?;
        }
    }
    Ok(())
}

/// Sets the propagation type; `MS_REC` among the flags means all below as well.
pub(crate) fn propagate(mount: BorrowedFd<'_>, flags: MountPropagationFlags) -> std::io::Result<()> {
    let recursive = flags.contains(MountPropagationFlags::REC);
    let kind = (flags - MountPropagationFlags::REC).bits();
    set_attributes(mount, recursive, &Attributes::new(0, 0, kind.into()))
}
