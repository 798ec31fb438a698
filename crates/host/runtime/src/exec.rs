//! A further process in a running container, as the caller sees it.

use std::os::fd::OwnedFd;

use oci::runtime::Process;
use rustix::thread::ThreadNameSpaceType;
use sys::clone::Fork;

use crate::Error;
use crate::capabilities::Available;
use crate::container::Container;
use crate::job::Job;
use crate::process::enter::{self, Enter};
use crate::process::message::{Channel, Message};
use crate::process::parent::{ChildGuard, cause_of_death, fork_into};
use crate::request::Io;

/// A further process in a container. The caller has to reap it.
#[derive(Debug)]
pub struct ExecProcess {
    /// Its id in the caller's PID namespace.
    pub pid: i32,
    /// Refers to it and to no later process with its id.
    pub pidfd: OwnedFd,
    /// The master of its terminal, where it has one.
    pub console: Option<OwnedFd>,
    /// What could not be given, each in one line.
    pub warnings: Vec<String>,
}

/// How a process enters a container, where that differs from the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// How many descriptors of the caller's, from 3 on, the program gets besides the standard streams.
    pub preserve: u32,
    /// Whether the caller's session keyring is kept.
    pub no_keyring: bool,
    /// Whether a paused container is entered too; the process is frozen then till the container is resumed.
    pub even_paused: bool,
}

pub(crate) fn run(container: &Container, process: &Process, io: Io, entry: Entry) -> Result<ExecProcess, Error> {
    let host = Available::read(container.namespaces.contains(ThreadNameSpaceType::USER));
    let job = Job::read(process, container.filter.as_ref(), host)?;
    if !entry.even_paused && container.cgroup.is_frozen() {
        return Err(Error::invalid("cannot exec in a paused container"));
    }
    let (ours, theirs) = Channel::pair()?;
    let entrance = container.cgroup.entrance(container.cgroup.unified().is_some())?;
    let (id, target, namespaces) = (container.id.as_str(), container.pidfd(), container.namespaces);
    let enter = Enter { id, target, namespaces, job: &job, io: &io, entry };
    let killed_before = container.cgroup.oom_kills();
    let stage = match fork_into(0, &container.cgroup)? {
        Fork::Child(me) => {
            drop(ours);
            enter::run(me, theirs, &enter, entrance)
        }
        Fork::Parent { pid, pidfd } => ChildGuard::new(pid, pidfd),
    };
    drop((theirs, entrance));
    let _ = ours.send(&Message::Go);
    let (child, console) = follow(&ours, stage, container, killed_before)?;
    let pid = child.pid();
    Ok(ExecProcess { pid, pidfd: child.release(), console, warnings: job.warnings })
}

/// Listens until both the stage and the process proper have closed their ends: by the exec, or by their deaths.
fn follow(
    channel: &Channel,
    stage: ChildGuard,
    container: &Container,
    killed_before: u64,
) -> Result<(ChildGuard, Option<OwnedFd>), Error> {
    let (mut child, mut console, mut failure, mut asked) = (None::<ChildGuard>, None, None, None);
    while let Some((message, fd)) = channel.receive_soon()? {
        match (message, fd) {
            (Message::Console, master) => console = master,
            (Message::Process { pid }, Some(pidfd)) => child = Some(ChildGuard::new(pid, pidfd)),
            (Message::Listener { fd }, _) => asked = Some(fd),
            // The process proper may be faster than its stage: the first complaint counts, and the rest is awaited.
            (Message::Failed(error), _) => failure = failure.or(Some(error)),
            _ => return Err(Error::system("receive from entering process: out of turn")),
        }
        // The process proper may be faster than its stage: who it is must be known first.
        if let (Some(child), Some(listener), Some(fd)) = (&child, &container.listener, asked) {
            listener.hand_over(channel, (child.pid(), child.pidfd()), container.pid, fd)?;
            asked = None;
        }
    }
    match (failure, child) {
        (Some(error), _) => Err(error),
        (None, Some(child)) => {
            stage.wait();
            Ok((child, console))
        }
        (None, None) => Err(cause_of_death(stage, "entering process", &container.cgroup, killed_before)),
    }
}
