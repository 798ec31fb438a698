//! What the tests share: scratch hosts, daemons, clients, registries, images, leak checks.
//!
//! An end-to-end test is made of these, in this order; dropping them puts the machine back as it was:
//!
//! ```text
//!   Host            a network and a mount namespace of its own
//!   ├─ Distributor  Debian's docker-registry in it, on loopback
//!   ├─ Daemon       a gantry daemon in it, with its own folders, socket, bridge and control groups
//!   │  └─ Client    `gantry` or `docker`, told to use that daemon: plain, in the background, on a terminal
//!   └─ LeakCheck    what the kernel and the folders hold, before and after
//! ```
//!
//! Their methods panic where something fails that is not what the test is about, and say what.

#![forbid(unsafe_code)]

mod client;
mod daemon;
mod debian;
mod distributor;
mod host;
mod image;
mod job;
mod leak;
pub mod registry;
mod terminal;
mod wait;

pub use client::Client;
pub use daemon::Daemon;
pub use debian::debian_with_python;
pub use distributor::Distributor;
pub use host::Host;
pub use image::{Image, Layer, busybox};
pub use job::{Job, Output};
pub use leak::LeakCheck;
pub use terminal::Terminal;
pub use wait::{PATIENCE, eventually};
