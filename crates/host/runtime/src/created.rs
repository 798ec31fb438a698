//! A container at the gate.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use cgroup::Cgroup;
use rustix::thread::ThreadNameSpaceType;

use crate::Error;
use crate::container::Container;
use crate::listener::Listener;
use crate::process::message::{Channel, Message};
use crate::process::parent::{ChildGuard, Launched};
use seccomp::Program;

/// A container whose PID 1 is set up and waits to execute its program.
///
/// Dropping it kills and reaps PID 1 and removes the control groups.
#[derive(Debug)]
pub struct Created {
    /// Always there; taken by [`Created::start`].
    parts: Option<Parts>,
    console: Option<OwnedFd>,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Parts {
    id: String,
    child: ChildGuard,
    channel: Channel,
    cgroup: Cgroup,
    filter: Option<Program>,
    namespaces: ThreadNameSpaceType,
    listener: Option<Listener>,
}

impl Created {
    pub(crate) fn new(
        id: String,
        launched: Launched,
        cgroup: Cgroup,
        filter: Option<Program>,
        namespaces: ThreadNameSpaceType,
        listener: Option<Listener>,
        warnings: Vec<String>,
    ) -> Self {
        let Launched { child, channel, console } = launched;
        let parts = Parts { id, child, channel, cgroup, filter, namespaces, listener };
        Self { parts: Some(parts), console, warnings }
    }

    fn parts(&self) -> &Parts {
        self.parts.as_ref().expect("taken only by the consuming methods")
    }

    /// PID 1 in the caller's PID namespace.
    pub fn pid(&self) -> i32 {
        self.parts().child.pid()
    }

    /// Refers to PID 1 and to no later process with its id.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.parts().child.pidfd()
    }

    /// The master of the terminal, once.
    pub fn take_console(&mut self) -> Option<OwnedFd> {
        self.console.take()
    }

    /// The directories of the control groups, one on each hierarchy.
    pub fn paths(&self) -> &[PathBuf] {
        self.parts().cgroup.paths()
    }

    /// What could not be given, each in one line.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Opens the gate: returns when the program runs.
    ///
    /// # Errors
    /// The program cannot be executed. The container is then gone, and nothing is left.
    pub fn start(mut self) -> Result<Container, Error> {
        let parts = self.parts.take().expect("taken only here");
        let init = (parts.child.pid(), parts.child.pidfd());
        match open(&parts.channel, init, parts.listener.as_ref()) {
            Ok(()) => {
                let Parts { id, child, cgroup, filter, namespaces, listener, .. } = parts;
                let pid = child.pid();
                Ok(Container::new(id, pid, child.release(), cgroup, filter, namespaces, listener))
            }
            Err(error) => {
                let _ = parts.undo();
                Err(error)
            }
        }
    }

    /// Leaves the container waiting, for a start by another process: see [`crate::Gate`]. Its pidfd is given back. A
    /// container that is never left ends with its maker.
    ///
    /// # Errors
    /// A container that has ended.
    pub fn leave(mut self) -> Result<OwnedFd, Error> {
        let parts = self.parts.as_ref().expect("taken only by the consuming methods");
        parts.channel.send(&Message::Go)?;
        Ok(self.parts.take().expect("taken only by the consuming methods").child.release())
    }

    /// Kills and reaps PID 1, and removes the control groups.
    ///
    /// # Errors
    /// Something that cannot be killed or removed; the rest is gone nonetheless.
    pub fn destroy(mut self) -> Result<(), Error> {
        self.parts.take().expect("taken only by the consuming methods").undo()
    }
}

/// Lets a container at the gate execute its program.
pub(crate) fn open(channel: &Channel, init: (i32, BorrowedFd<'_>), listener: Option<&Listener>) -> Result<(), Error> {
    channel.send(&Message::Go)?;
    loop {
        match channel.receive_soon()? {
            None => return Ok(()),
            Some((Message::Failed(error), _)) => return Err(error),
            Some((Message::Listener { fd }, _)) if listener.is_some() => {
                listener.iter().try_for_each(|listener| listener.hand_over(channel, init, init.0, fd))?;
            }
            Some(_) => return Err(Error::system("receive from container: out of turn")),
        }
    }
}

impl Parts {
    fn undo(self) -> Result<(), Error> {
        drop(self.child);
        let killed = self.cgroup.kill_all();
        self.cgroup.remove()?;
        Ok(killed?)
    }
}

impl Drop for Created {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            // Whoever drops it does not ask.
            let _ = parts.undo();
        }
    }
}
