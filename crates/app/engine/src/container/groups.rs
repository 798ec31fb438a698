//! The control groups of a container that runs.

use std::fs;

use cgroup::Cgroup;
use fault::{Fault, Result, Step};
use names::ContainerId;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::process::Process;
use crate::inner::Inner;

/// The groups that its shim made. They go when the container ends, at any moment.
pub fn cgroup(engine: &Inner, id: &ContainerId) -> Result<Cgroup> {
    Ok(Cgroup::from_paths(state(engine, id)?.cgroups))
}

/// What its shim wrote down of its run.
pub fn state(engine: &Inner, id: &ContainerId) -> Result<shim_proto::State> {
    let path = engine.bundle(id).join(shim_proto::file::STATE);
    let bytes = fs::read(&path).step(format_args!("read {}", path.display()))?;
    serde_json::from_slice(&bytes).step(format_args!("read {}", path.display()))
}

/// Ends a container without its shim: the shim first, which then starts nothing any more, and all that is in its groups.
pub fn end(engine: &Inner, id: &ContainerId) -> Result<()> {
    let state = state(engine, id)?;
    let pid = Pid::from_raw(state.shim.pid).ok_or_else(|| Fault::system("the shim has no process id"))?;
    // Held before it is compared: whoever has the number then is the one that is killed.
    if let Ok(shim) = pidfd_open(pid, PidfdFlags::empty())
        && Process::open(state.shim).is_ok()
    {
        pidfd_send_signal(&shim, Signal::KILL).step("kill the container's shim")?;
    }
    let groups = Cgroup::from_paths(state.cgroups);
    let _ = groups.thaw();
    groups.destroy().map_err(|error| fault(&error))
}

/// An error of the groups, with the status it deserves.
pub fn fault(error: &cgroup::Error) -> Fault {
    let kind = if error.is_invalid() { fault::Kind::InvalidParameter } else { fault::Kind::System };
    Fault::from_error(kind, error)
}
