//! Who the process is and what it may do.

use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, set_dumpable_behavior, umask};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};
use sys::clone::flag;

use crate::Error;
use crate::capabilities::Capabilities;
use crate::error::Step;
use crate::job::Job;
use crate::process::init::Init;

/// Sets how likely the kernel kills this process when memory is short.
pub(crate) fn oom_score(init: &mut Init<'_>) -> Result<(), Error> {
    set_oom_score(init.plan.job.process.oom_score_adj)
}

/// As [`oom_score`]: before the process gets undumpable, since its files in procfs then belong to root of the first
/// user namespace: proc(5), `/proc/[pid]`.
pub(crate) fn set_oom_score(score: Option<i32>) -> Result<(), Error> {
    let Some(score) = score else { return Ok(()) };
    let step = || format!("set oom_score_adj to {score}");
    let file =
        rustix::fs::open("/proc/self/oom_score_adj", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()).step(step())?;
    match rustix::io::write(file, score.to_string().as_bytes()) {
        Ok(_) => Ok(()),
        Err(Errno::ACCESS) => {
            Err(Error::invalid(format!("{}: below the host's own, and CAP_SYS_RESOURCE is missing", step())))
        }
        Err(error) => Err(error).step(step()),
    }
}

/// Keeps processes of the container from tracing this one, and from opening its files (CVE-2016-9962).
pub(crate) fn undumpable(init: &mut Init<'_>) -> Result<(), Error> {
    // Modes of nodes and directories are meant as they are given.
    umask(Mode::empty());
    if init.plan.namespaces.makes(flag::NEWUSER) {
        // Nobody else is in that namespace yet, and a caller who is not root must be able to map its ids: the files in
        // procfs of a process that is not dumpable are root's.
        return Ok(());
    }
    refuse_dumps()
}

/// The same when the ids of a user namespace of its own are mapped.
pub(crate) fn refuse_dumps() -> Result<(), Error> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("make process undumpable")
}

/// Takes on ids and gives up capabilities. Loading a filter may need CAP_SYS_ADMIN, which then stays until
/// [`drop_last`].
pub(crate) fn become_user(job: &Job<'_>) -> Result<(), Error> {
    let user = &job.process.user;
    let wanted = &job.capabilities;
    for capability in wanted.dropped.iter() {
        remove_capability_from_bounding_set(capability).step("drop capability from bounding set")?;
    }
    if user.uid != 0 {
        set_keep_capabilities(true).step("keep capabilities")?;
    }
    // Exactly the groups of the specification, never the caller's (CVE-2022-36109).
    let groups: Vec<_> = user.additional_gids.iter().copied().map(Gid::from_raw).collect();
    match set_thread_groups(&groups) {
        // In a user namespace where setgroups(2) is denied, none is what there is.
        Err(Errno::PERM) if groups.is_empty() => {}
        result => result.step("set groups")?,
    }
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    set_thread_res_gid(gid, gid, gid).step(format_args!("set group id {}", user.gid))?;
    set_thread_res_uid(uid, uid, uid).step(format_args!("set user id {}", user.uid))?;
    umask(Mode::from_raw_mode(user.umask.unwrap_or(0o022)));
    let kept = if needs_admin(job) { CapabilitySet::SYS_ADMIN } else { CapabilitySet::empty() };
    apply(wanted, kept)?;
    for capability in wanted.ambient.iter() {
        configure_capability_in_ambient_set(capability, true).step("raise ambient capability")?;
    }
    if job.process.no_new_privileges {
        set_no_new_privs(true).step("set no_new_privs")?;
    }
    Ok(())
}

/// Whether loading the filter takes CAP_SYS_ADMIN: seccomp(2).
fn needs_admin(job: &Job<'_>) -> bool {
    job.filter.is_some() && !job.process.no_new_privileges
}

/// Gives up what was kept for loading the filter.
pub(crate) fn drop_last(job: &Job<'_>) -> Result<(), Error> {
    let wanted = &job.capabilities;
    if needs_admin(job) && !(wanted.permitted & wanted.effective).contains(CapabilitySet::SYS_ADMIN) {
        return set(wanted, CapabilitySet::empty());
    }
    Ok(())
}

fn apply(wanted: &Capabilities, kept: CapabilitySet) -> Result<(), Error> {
    set(wanted, kept)?;
    clear_ambient_capability_set().step("clear ambient capabilities")
}

fn set(wanted: &Capabilities, kept: CapabilitySet) -> Result<(), Error> {
    let sets = CapabilitySets {
        effective: wanted.effective | kept,
        permitted: wanted.permitted | kept,
        inheritable: wanted.inheritable,
    };
    set_capabilities(None, sets).step("set capabilities")
}
