//! The control groups of a container that runs.

use std::fs;

use cgroup::Cgroup;
use fault::{Fault, Result, Step};
use names::ContainerId;

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

/// An error of the groups, with the status it deserves.
pub fn fault(error: &cgroup::Error) -> Fault {
    let kind = if error.is_invalid() { fault::Kind::InvalidParameter } else { fault::Kind::System };
    Fault::from_error(kind, error)
}
