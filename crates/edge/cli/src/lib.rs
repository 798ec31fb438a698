//! The command line of the docker client: the same commands, flags, output and exit codes.
//!
//! The way of a command: [`main`] reads the global flags, [`tree`] finds the command, [`flag`] reads its flags by a
//! constant table, and the command's file under `command/` talks to the daemon through a [`session::Session`]. What a
//! command prints as data goes to stdout, everything else to stderr.

#![forbid(unsafe_code)]

mod app;
mod command;
mod complete;
mod config;
mod exit;
mod face;
mod flag;
mod format;
mod help;
mod hooks;
mod opts;
mod outline;
mod plugin;
mod session;
mod stream;
mod timing;
mod tree;

pub use app::main;
pub use hooks::{Hooks, StartedDaemon};
pub use outline::outline;
