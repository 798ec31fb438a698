//! The gate of a container that is started by another process than the one that made it: a socket in a directory.
//!
//! ```text
//! maker                        init, PID 1                          starter
//!   │ Gate::make, listens         │                                    │
//!   │ clone ─────────────────────►│ sets up                            │
//!   │ ◄────────────────── Ready ─ │ accepts                            │
//!   ┆ ends                        │ ◄──────────────── connects, Go ─── │ open_gate
//!                                 │ execve, which closes both ends ──► │ end of stream: the program runs
//! ```
//!
//! Instead of the end of the stream `Failed` may come. A starter that connects and dies changes nothing.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};

use crate::error::Step;
use crate::listener::Listener;
use crate::plan::open_directory;
use crate::process::message::{Channel, above_standard};
use crate::{Error, created};

/// Name of the socket. It is there from the making of the container to its start.
pub const GATE: &str = "gate";

/// The container's side of the gate.
#[derive(Debug)]
pub struct Gate(OwnedFd);

impl Gate {
    /// Makes the socket in `directory`.
    ///
    /// # Errors
    /// A directory that cannot be written, and one that has a gate.
    pub fn make(directory: &Path) -> Result<Self, Error> {
        let step = format!("make the gate in `{}`", directory.display());
        let socket = above_standard(socket()?)?;
        let opened = open_directory(directory)?;
        bind(&socket, &address(&opened)?).step(&step)?;
        listen(&socket, 1).step(&step)?;
        Ok(Self(socket))
    }

    /// Waits until somebody says that the container may start.
    pub(crate) fn wait(&self) -> Result<Channel, Error> {
        loop {
            let stream = match accept_with(&self.0, SocketFlags::CLOEXEC) {
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                stream => Channel::over(stream.step("wait at the gate")?),
            };
            if stream.wait_for_go().is_ok() {
                return Ok(stream);
            }
        }
    }

    pub(crate) fn descriptor(&self) -> &OwnedFd {
        &self.0
    }
}

/// Opens the gate in `directory`, and removes it. Returns when the program runs. `init` is the process that waits there.
///
/// # Errors
/// `None` where nobody waits there any more; else why the program could not be executed.
pub fn open_gate(
    directory: &Path,
    init: (i32, BorrowedFd<'_>),
    listener: Option<&Listener>,
) -> Result<(), Option<Error>> {
    let channel = approach(directory)?;
    let outcome = created::open(&channel, init, listener);
    let _ = std::fs::remove_file(gate(directory));
    outcome.map_err(Some)
}

/// Whether a container waits, or waited, in `directory`.
pub fn has_gate(directory: &Path) -> bool {
    gate(directory).exists()
}

fn gate(directory: &Path) -> PathBuf {
    directory.join(GATE)
}

fn approach(directory: &Path) -> Result<Channel, Option<Error>> {
    let socket = socket().map_err(Some)?;
    let opened = open_directory(directory).map_err(Some)?;
    match connect(&socket, &address(&opened).map_err(Some)?) {
        Ok(()) => Ok(Channel::over(socket)),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Err(None),
        Err(error) => Err(error).step(format_args!("open the gate in `{}`", directory.display())).map_err(Some),
    }
}

fn socket() -> Result<OwnedFd, Error> {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).step("make a socket")
}

/// By the directory's descriptor: a path of any length would not fit into an address (unix(7): 108 bytes).
fn address(directory: &OwnedFd) -> Result<SocketAddrUnix, Error> {
    SocketAddrUnix::new(format!("/proc/self/fd/{}/{GATE}", directory.as_fd().as_raw_fd())).step("name a socket")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::message::Message;
    use rustix::stdio::stdin;

    #[test]
    fn a_starter_is_heard_a_dead_one_is_not_and_nobody_there_is_told_apart() {
        let folder = std::env::temp_dir().join(format!("runtime-gate-{}{}", std::process::id(), "x".repeat(90)));
        std::fs::create_dir(&folder).unwrap();
        let gate = Gate::make(&folder).unwrap();
        assert!(has_gate(&folder) && Gate::make(&folder).is_err());
        let starter = {
            let folder = folder.clone();
            std::thread::spawn(move || {
                drop(approach(&folder).unwrap());
                (open_gate(&folder, (0, stdin()), None), open_gate(&folder, (0, stdin()), None))
            })
        };
        let channel = gate.wait().unwrap();
        channel.send(&Message::Failed(Error::invalid("no"))).unwrap();
        drop((channel, gate));
        let (first, second) = starter.join().unwrap();
        assert_eq!(first.unwrap_err().unwrap().message(), "no");
        assert!(second.unwrap_err().is_none() && !has_gate(&folder));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
