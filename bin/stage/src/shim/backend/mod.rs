//! What makes and enters the container: the runtime library, or another runtime that the daemon has named.
//!
//! All that the shim knows of either is in this folder.

mod foreign;
mod own;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use oci::runtime::{Process, Spec};
use runtime::Io;
use shim_proto::{Launch, RootFs};

use super::refusal::Refusal;

/// A process that the back end has made: our child.
#[derive(Debug)]
pub(crate) struct Born {
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    /// The other end of its terminal.
    pub(crate) console: Option<OwnedFd>,
}

/// A container that waits at the gate.
#[derive(Debug)]
pub(crate) enum Waiting {
    Own(Box<own::Waiting>),
    Foreign(foreign::Waiting),
}

/// A container that was started.
#[derive(Debug)]
pub(crate) enum Running {
    Own(own::Running),
    Foreign(foreign::Running),
}

/// Makes a container. Where that fails nothing is left of it.
pub(crate) fn create(
    spec: &Spec,
    bundle: &Path,
    launch: &Launch,
    io: Io,
    netns: Option<OwnedFd>,
) -> Result<Waiting, Refusal> {
    match &launch.runtime {
        None => own::create(spec, bundle, launch, io, netns).map(|made| Waiting::Own(Box::new(made))),
        Some(program) => foreign::create(program, spec, bundle, launch, io, netns).map(Waiting::Foreign),
    }
}

impl Waiting {
    /// PID 1, whose terminal is given out once.
    pub(crate) fn init(&mut self) -> io::Result<Born> {
        match self {
            Self::Own(own) => own.init(),
            Self::Foreign(foreign) => foreign.init(),
        }
    }

    /// The directories of its control groups.
    pub(crate) fn cgroups(&self) -> &[PathBuf] {
        match self {
            Self::Own(own) => own.cgroups(),
            Self::Foreign(foreign) => foreign.cgroups(),
        }
    }

    /// What could not be given.
    pub(crate) fn warnings(&self) -> &[String] {
        match self {
            Self::Own(own) => own.warnings(),
            Self::Foreign(_) => &[],
        }
    }

    /// Opens the gate. Where the program cannot be executed nothing is left.
    pub(crate) fn start(self) -> Result<Running, Refusal> {
        match self {
            Self::Own(own) => own.start().map(Running::Own),
            Self::Foreign(foreign) => foreign.start().map(Running::Foreign),
        }
    }

    /// Takes everything back.
    pub(crate) fn destroy(self) -> Result<(), Refusal> {
        match self {
            Self::Own(own) => own.destroy(),
            Self::Foreign(foreign) => foreign.destroy(),
        }
    }
}

impl Running {
    /// Runs a further process in the container.
    pub(crate) fn exec(&self, process: &Process, io: Io) -> Result<Born, Refusal> {
        match self {
            Self::Own(own) => own.exec(process, io),
            Self::Foreign(foreign) => foreign.exec(process, &io),
        }
    }

    /// Whether the kernel killed something in the container for lack of memory.
    pub(crate) fn was_oom_killed(&self) -> bool {
        match self {
            Self::Own(own) => own.was_oom_killed(),
            Self::Foreign(foreign) => foreign.was_oom_killed(),
        }
    }

    /// Kills what is left in the container's control groups, and removes them.
    pub(crate) fn destroy(self) -> Result<(), Refusal> {
        match self {
            Self::Own(own) => own.destroy(),
            Self::Foreign(foreign) => foreign.destroy(),
        }
    }
}

/// The runtime's word for the daemon's.
fn own_rootfs(rootfs: &RootFs) -> runtime::RootFs {
    match rootfs.clone() {
        RootFs::Directory { path } => runtime::RootFs::Directory { path },
        RootFs::Overlay { lower, upper, work, volatile } => runtime::RootFs::Overlay { lower, upper, work, volatile },
    }
}
