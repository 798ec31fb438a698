//! The OCI runtime as a library.
//!
//! A process with one thread (the shim) calls [`create()`] with a specification and gets a container whose PID 1 is set up
//! and waits at the gate; [`Created::start`] lets it execute its program, [`Container::exec`] runs further processes.
//! Both kinds are children of the caller, who waits for them by their pidfds and owns the other ends of their streams.
//!
//! Who runs which code is told by the file names in `process/`; what is done to build a container is the list of steps
//! in `process/init.rs`, each of which lives in `setup/`. Whatever fails, nothing is left on the host: all mounts are
//! made in the container's mount namespace, and processes and control groups are undone by the guards that hold them.
//!
//! Needs Linux 5.12 (openat2, the mount API with `mount_setattr`, `setns` by pidfd).

#![forbid(unsafe_code)]

mod attributes;
mod capabilities;
mod container;
mod create;
mod created;
mod error;
mod exec;
mod features;
mod gate;
mod hooks;
mod job;
mod listener;
mod mount_options;
mod namespaces;
mod plan;
mod process;
mod request;
mod rights;
mod setup;

pub use container::Container;
pub use create::create;
pub use created::Created;
pub use error::{Error, ErrorKind};
pub use exec::{Entry, ExecProcess};
pub use features::{Features, features};
pub use gate::{GATE, Gate, has_gate, open_gate};
pub use hooks::{Moment, run_hooks};
pub use listener::Listener;
pub use request::{Create, Extras, Io, RootFs};
pub use setup::rootfs::mount_root;
pub use setup::seccomp::compile_filter;
