//! A running container.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use cgroup::Cgroup;
use oci::runtime::{Process, Spec};
use oci::state::Status;
use rustix::thread::ThreadNameSpaceType;

use crate::Error;
use crate::error::Step;
use crate::exec::{self, Entry, ExecProcess};
use crate::listener::Listener;
use crate::namespaces::Namespaces;
use crate::request::Io;
use crate::setup;
use seccomp::Program;

/// A container whose program was started.
///
/// Dropping it leaves everything as it is.
#[derive(Debug)]
pub struct Container {
    pub(crate) id: String,
    pub(crate) pid: i32,
    pidfd: OwnedFd,
    pub(crate) cgroup: Cgroup,
    pub(crate) filter: Option<Program>,
    pub(crate) namespaces: ThreadNameSpaceType,
    pub(crate) listener: Option<Listener>,
}

impl Container {
    pub(crate) fn new(
        id: String,
        pid: i32,
        pidfd: OwnedFd,
        cgroup: Cgroup,
        filter: Option<Program>,
        namespaces: ThreadNameSpaceType,
        listener: Option<Listener>,
    ) -> Self {
        Self { id, pid, pidfd, cgroup, filter, namespaces, listener }
    }

    /// Takes over a container that another process has made, from its specification, PID 1 and control groups. `filter`
    /// is its compiled system call filter, as in [`crate::Create::filter`].
    ///
    /// # Errors
    /// A specification that [`crate::create()`] would refuse.
    pub fn reopen(
        id: &str,
        spec: &Spec,
        bundle: &Path,
        (pid, pidfd): (i32, OwnedFd),
        cgroup: Cgroup,
        filter: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let namespaces = Namespaces::to_enter_by(spec);
        let filter = setup::seccomp::read(spec, filter)?;
        let listener = Listener::of(spec, id, bundle, Status::Running);
        Ok(Self::new(id.to_owned(), pid, pidfd, cgroup, filter, namespaces, listener))
    }

    /// PID 1 in the caller's PID namespace. After it was reaped the number may be another process's.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Refers to PID 1 and to no later process with its id.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Sends a signal to PID 1.
    ///
    /// # Errors
    /// A number that is no signal, and a process that has ended.
    pub fn signal(&self, signal: i32) -> Result<(), Error> {
        sys::signal::send(self.pidfd(), signal).step(format_args!("send signal {signal}"))
    }

    /// The directories of the control groups, one on each hierarchy.
    pub fn paths(&self) -> &[PathBuf] {
        self.cgroup.paths()
    }

    /// How many processes the kernel has killed in the container for lack of memory.
    pub fn oom_kills(&self) -> u64 {
        self.cgroup.oom_kills()
    }

    /// Runs a further process: its namespaces, control groups and filter are the container's, all else is `process`'s.
    /// Returns when the program runs. The process is a child of the caller, who has to reap it.
    ///
    /// # Errors
    /// As of [`crate::create()`] and [`crate::Created::start`]; the process is then gone.
    pub fn exec(&self, process: &Process, io: Io) -> Result<ExecProcess, Error> {
        exec::run(self, process, io, Entry::default())
    }

    /// The same in another way than the usual.
    ///
    /// # Errors
    /// As of [`Container::exec`].
    pub fn exec_by(&self, process: &Process, io: Io, entry: Entry) -> Result<ExecProcess, Error> {
        exec::run(self, process, io, entry)
    }

    /// Kills what is left in the control groups, and removes them.
    ///
    /// # Errors
    /// Something that cannot be killed or removed; the rest is gone nonetheless.
    pub fn destroy(&self) -> Result<(), Error> {
        Ok(self.cgroup.destroy()?)
    }
}
