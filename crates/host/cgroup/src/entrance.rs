//! The way into control groups for a process that goes there itself.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{self, Mode, OFlags};

use crate::Error;

/// The open doors of a container's control groups, for one process of one thread to go through.
///
/// A process that another one moves is waited for: the kernel keeps all forks and exits away meanwhile, for which it
/// first waits for a grace period of RCU, ten milliseconds and more on a busy host. A thread that moves itself, by `0`
/// in version 1's `tasks`, needs none of that (`cgroup_procs_write_start` in kernel/cgroup/cgroup.c, since Linux 5.5).
///
/// The kernel asks for the rights of the one who opened: the process may have given up its own.
#[derive(Debug)]
pub struct Entrance {
    doors: Vec<(PathBuf, OwnedFd)>,
}

impl Entrance {
    /// Opens the doors, each with the directory that it is in.
    pub(crate) fn open(doors: impl Iterator<Item = (PathBuf, &'static str)>) -> Result<Self, Error> {
        let open = |(directory, file): (PathBuf, &str)| {
            let door = fs::open(directory.join(file), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
            match door {
                Ok(door) => Ok((directory, door)),
                Err(error) => Err(Error::io("open control group", directory, error)),
            }
        };
        Ok(Self { doors: doors.map(open).collect::<Result<_, _>>()? })
    }

    /// Moves the calling thread in, and closes the doors, which nothing in the container must reach.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn enter(self) -> Result<(), Error> {
        self.doors.into_iter().try_for_each(|(directory, door)| {
            rustix::io::write(door, b"0").map(drop).map_err(|error| Error::io("join control group", directory, error))
        })
    }

    /// What a forked child must not close before it has entered.
    pub fn descriptors(&self) -> impl Iterator<Item = &OwnedFd> {
        self.doors.iter().map(|(_, door)| door)
    }
}
