//! The change of the root: after it, the host's file systems are out of reach.

use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags};
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{chdir, fchdir, pivot_root};

use super::tree;
use crate::Error;
use crate::error::Step;
use crate::mount_options::propagation;
use crate::process::init::Init;

/// Makes the container's root this process's, and detaches the old one: pivot_root(2), "pivot_root(".", ".")".
pub(crate) fn run(init: &mut Init<'_>) -> Result<(), Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let old = rustix::fs::open("/", flags, Mode::empty()).step("open `/`")?;
    fchdir(init.root()).step("enter root file system")?;
    pivot_root(c".", c".").step("pivot root")?;
    // The old root now lies over the new one. What is mounted there is a slave of the host's, so this stays here.
    fchdir(&old).step("enter old root")?;
    unmount(c".", UnmountFlags::DETACH).step("detach old root")?;
    chdir("/").step("enter `/`")?;
    match &init.plan.linux.rootfs_propagation {
        Some(name) if !name.is_empty() => {
            let flags =
                propagation(name).ok_or_else(|| Error::invalid(format!("root propagation `{name}` does not exist")))?;
            tree::propagate(init.root().as_fd(), flags).step("set root propagation")
        }
        _ => Ok(()),
    }
}
