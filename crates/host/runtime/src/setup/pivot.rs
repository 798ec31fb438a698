//! The change of the root: after it, the host's file systems are out of reach.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{Mode, OFlags};
use rustix::mount::{UnmountFlags, mount_move, unmount};
use rustix::process::{chdir, chroot, fchdir, getcwd, pivot_root};

use super::tree;
use crate::Error;
use crate::error::Step;
use crate::mount_options::propagation;
use crate::process::init::Init;

/// Makes the container's root this process's, and detaches the old one.
pub(crate) fn run(init: &mut Init<'_>) -> Result<(), Error> {
    if init.plan.request.extras.no_pivot {
        move_root(init)?;
    } else {
        change_root(init)?;
    }
    match &init.plan.linux.rootfs_propagation {
        Some(name) if !name.is_empty() => {
            let flags =
                propagation(name).ok_or_else(|| Error::invalid(format!("root propagation `{name}` does not exist")))?;
            tree::propagate(init.root().as_fd(), flags).step("set root propagation")
        }
        _ => Ok(()),
    }
}

/// pivot_root(2), "pivot_root(".", ".")".
fn change_root(init: &Init<'_>) -> Result<(), Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let old = rustix::fs::open("/", flags, Mode::empty()).step("open `/`")?;
    fchdir(init.root()).step("enter root file system")?;
    pivot_root(c".", c".").step("pivot root")?;
    // The old root now lies over the new one. What is mounted there is a slave of the host's, so this stays here.
    fchdir(&old).step("enter old root")?;
    unmount(c".", UnmountFlags::DETACH).step("detach old root")?;
    chdir("/").step("enter `/`")
}

/// Moves the container's root over the host's, for a host whose root pivot_root(2) cannot leave. What lay below stays
/// mounted and out of sight; whoever breaks out of the chroot would find the host's procfs and sysfs there and could
/// write to the host through them, so these are taken away first.
fn move_root(init: &Init<'_>) -> Result<(), Error> {
    fchdir(init.root()).step("enter root file system")?;
    let own = getcwd(Vec::new()).step("name root file system")?;
    let own = std::path::PathBuf::from(std::ffi::OsStr::from_bytes(own.as_bytes()));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").step("read /proc/self/mountinfo")?;
    let kernel_s: Vec<_> = mounts.lines().filter_map(of_the_kernel).filter(|path| !path.starts_with(&own)).collect();
    for path in kernel_s.iter().rev() {
        unmount(path, UnmountFlags::DETACH).step(format_args!("detach `{}` of the host", path.display()))?;
    }
    mount_move(".", "/").step("move root file system")?;
    chroot(".").step("change root to the moved file system")?;
    chdir("/").step("enter `/`")
}

/// Where a procfs or a sysfs is mounted: proc_pid_mountinfo(5).
fn of_the_kernel(line: &str) -> Option<std::path::PathBuf> {
    let (mount, rest) = line.split_once(" - ")?;
    let kind = rest.split(' ').next()?;
    matches!(kind, "proc" | "sysfs").then(|| mount.split(' ').nth(4))?.map(Into::into)
}
