//! What becomes of what containers print: the log file that their shims write, and the way of its records to a receiver.
//!
//! ```text
//! container ──► shim ──► log file ──► read ──► ring ──► send ──► receiver
//!                           │                              │
//!                           └── packed after rotation      └──► cursor: the last record that was taken
//! ```
//!
//! The file is written whatever happens to the daemon; one task for each container with a receiver follows it from the
//! cursor. So a daemon that comes back goes on where the one before stopped, with what was printed meanwhile as well.

mod cursor;
mod forward;
mod forwarders;
mod pack;
mod plan;
mod ring;

pub(crate) use forwarders::{Forwarders, begin, open, rest, resume};
pub(crate) use pack::pack_rotated;
pub use plan::check_default;
pub(crate) use plan::{file, is_readable, merge_defaults, path, shown_path};
