//! Root in a user namespace of the container's own.

use rustix::fs::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use sys::clone::flag;

use super::identity;
use crate::Error;
use crate::error::Step;
use crate::process::init::Init;

/// Waits for the id maps, and becomes the namespace's root, where there is one.
pub(crate) fn become_root(init: &mut Init<'_>) -> Result<(), Error> {
    if !init.plan.namespaces.has(flag::NEWUSER) {
        return Ok(());
    }
    init.wait_until_released()?;
    identity::refuse_dumps()?;
    take_root()
}

/// Becomes root of the user namespace in which this process is.
pub(crate) fn take_root() -> Result<(), Error> {
    // The caller's groups mean nothing inside; where setgroups(2) is denied they stay, and are shown as nobody's.
    let _ = set_thread_groups(&[]);
    set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT).step("become root of user namespace")?;
    set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).step("become root of user namespace")
}
