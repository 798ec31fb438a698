//! The process between the caller and the container: it joins namespaces that can only be joined from outside of the
//! new ones, clones PID 1 as the caller's child, and ends.

use std::os::fd::{AsFd, AsRawFd};

use cgroup::{Cgroup, Entrance};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use sys::clone::{Child, Fork, flag, fork};

use super::init;
use super::message::{Channel, Message};
use crate::Error;
use crate::error::Step;
use crate::namespaces::join_network;
use crate::plan::Plan;
use crate::setup::time;

/// Joins, clones, ends.
pub(crate) fn run(me: Child, channel: Channel, plan: &Plan<'_>, cgroup: &Cgroup, entrance: Entrance) -> ! {
    match join_and_clone(&channel, plan, entrance) {
        Ok(Fork::Child(child)) => init::run_joined(child, channel, plan, cgroup),
        Ok(Fork::Parent { pid, pidfd }) => {
            let _ = channel.send_with(&Message::Process { pid }, pidfd.as_fd());
            me.exit(0)
        }
        Err(error) => {
            let _ = channel.send(&Message::Failed(error));
            me.exit(1)
        }
    }
}

fn join_and_clone(channel: &Channel, plan: &Plan<'_>, entrance: Entrance) -> Result<Fork, Error> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("make process undumpable")?;
    channel.wait_for_go()?;
    // What it clones starts where it is.
    entrance.enter()?;
    if let Some(netns) = &plan.request.netns {
        join_network(netns.as_fd())?;
    }
    plan.namespaces.join_paths()?;
    time::make(plan)?;
    fork(plan.namespaces.clone_flags() | flag::PARENT, None).step("fork")
}

/// Closes what a child does not need but the first `preserve` descriptors behind the standard streams, so that nothing of the host can be reached through it (CVE-2024-21626).
pub(crate) fn close_others<'a>(
    me: &Child,
    channel: &Channel,
    keep: impl Iterator<Item = &'a std::os::fd::OwnedFd>,
    preserve: u32,
) -> Result<(), Error> {
    let mut keep: Vec<_> =
        keep.map(AsRawFd::as_raw_fd).chain([channel.as_fd().as_raw_fd()]).chain(3..3 + preserve as i32).collect();
    me.close_all_but(&mut keep).step("close descriptors")
}
