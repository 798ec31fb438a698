//! The OCI runtime specification that a container becomes.
//!
//! [`build`] is a list of steps over one growing specification; each step is a file and can be tested by itself. What
//! must be looked up outside (users in the image, paths of files that are bound in, the seccomp profile) comes in by
//! [`Facts`].

mod devices;
mod linux;
mod mounts;
mod process;
mod resources;

use std::collections::BTreeMap;
use std::path::PathBuf;

use api::container::{ContainerConfig, HostConfig};
use fault::Result;
use oci::runtime::{Linux, Seccomp, Spec};

use crate::record::Record;
use crate::users::Resolved;

pub use devices::device_node;
pub use linux::{MASKED, READONLY, joined};
pub use mounts::{Bind, binds};
pub use process::{exec_process, is_rlimit};
pub use resources::{block_devices, check as check_limits, check_change, limits};

/// What the specification needs and the record does not know.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The user, by the image's own files.
    pub user: Resolved,
    /// The cgroup's path below the hierarchy's root.
    pub cgroup: String,
    /// Files of the daemon that appear in `/etc`: `hosts`, `hostname`, `resolv.conf`.
    pub etc: Vec<(PathBuf, &'static str)>,
    /// The system call filter; none for an unconfined container.
    pub seccomp: Option<Seccomp>,
    /// The AppArmor profile for containers that name none; none where the kernel does not confine by AppArmor.
    pub apparmor: Option<String>,
    /// The init program on the host, where one is wanted.
    pub init: Option<PathBuf>,
    /// The devices of the host, for a privileged container.
    pub host_devices: Vec<oci::runtime::Device>,
    /// Major and minor numbers of the block devices that limits name, by their paths.
    pub block_devices: BTreeMap<String, (i64, i64)>,
    /// Another container's PID namespace to join.
    pub pid_namespace: Option<PathBuf>,
    /// Which limits this host can set.
    pub cgroup_v2: bool,
}

struct Input<'a> {
    record: &'a Record,
    config: &'a ContainerConfig,
    host: &'a HostConfig,
    facts: &'a Facts,
}

type StepFn = fn(&Input<'_>, &mut Spec) -> Result<()>;

/// The steps, in order: mounts come before what is bound over them, resources after the devices they allow.
const STEPS: [StepFn; 5] = [process::step, linux::step, mounts::step, devices::step, resources::step];

/// Checks all that can be known of a container's settings when it is made, so that its start does not find it out.
pub fn check(host: &HostConfig) -> Result<()> {
    for check in [process::check, linux::check, mounts::check, resources::check] {
        check(host)?;
    }
    Ok(())
}

/// Builds the specification.
pub fn build(record: &Record, facts: &Facts) -> Result<Spec> {
    let input = Input { record, config: &record.config, host: &record.host_config, facts };
    let mut spec = Spec { oci_version: "1.2.0".into(), linux: Some(Linux::default()), ..Spec::default() };
    for step in STEPS {
        step(&input, &mut spec)?;
    }
    Ok(spec)
}

/// The Linux part, which [`build`] has made before any step runs.
fn linux_of(spec: &mut Spec) -> &mut Linux {
    spec.linux.get_or_insert_default()
}
