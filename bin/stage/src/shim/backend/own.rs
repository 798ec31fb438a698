//! The runtime library.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use oci::runtime::{Process, Spec};
use runtime::{Create, Io};
use shim_proto::Launch;

use super::{Born, own_rootfs};
use crate::shim::refusal::Refusal;

/// A container that waits at the gate.
#[derive(Debug)]
pub(crate) struct Waiting(runtime::Created);

/// A container that was started.
#[derive(Debug)]
pub(crate) struct Running(runtime::Container);

/// Makes a container. Where that fails nothing is left of it.
pub(crate) fn create(
    spec: &Spec,
    bundle: &Path,
    launch: &Launch,
    io: Io,
    netns: Option<OwnedFd>,
) -> Result<Waiting, Refusal> {
    let id = launch.id.as_str();
    // Without the file, or with one that is not right, it is compiled from the specification.
    let filter = launch.filter.as_ref().and_then(|file| std::fs::read(file).ok());
    let rootfs = own_rootfs(&launch.rootfs);
    Ok(Waiting(runtime::create(Create {
        id,
        spec,
        bundle,
        rootfs,
        io,
        netns,
        filter: filter.as_deref(),
        extras: runtime::Extras::default(),
    })?))
}

impl Waiting {
    /// PID 1, whose terminal is given out once.
    pub(crate) fn init(&mut self) -> io::Result<Born> {
        let pidfd = BorrowedFd::try_clone_to_owned(&self.0.pidfd())?;
        Ok(Born { pid: self.0.pid(), pidfd, console: self.0.take_console() })
    }

    /// The directories of its control groups.
    pub(crate) fn cgroups(&self) -> &[PathBuf] {
        self.0.paths()
    }

    /// What could not be given.
    pub(crate) fn warnings(&self) -> &[String] {
        self.0.warnings()
    }

    /// Opens the gate. Where the program cannot be executed nothing is left.
    pub(crate) fn start(self) -> Result<Running, Refusal> {
        Ok(Running(self.0.start()?))
    }

    /// Takes everything back.
    pub(crate) fn destroy(self) -> Result<(), Refusal> {
        Ok(self.0.destroy()?)
    }
}

impl Running {
    /// Runs a further process in the container.
    pub(crate) fn exec(&self, process: &Process, io: Io) -> Result<Born, Refusal> {
        let exec = self.0.exec(process, io)?;
        Ok(Born { pid: exec.pid, pidfd: exec.pidfd, console: exec.console })
    }

    /// Whether the kernel killed something in the container for lack of memory.
    pub(crate) fn was_oom_killed(&self) -> bool {
        self.0.oom_kills() > 0
    }

    /// Kills what is left in the container's control groups, and removes them.
    pub(crate) fn destroy(self) -> Result<(), Refusal> {
        Ok(self.0.destroy()?)
    }
}
