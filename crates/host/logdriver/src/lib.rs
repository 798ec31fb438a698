//! Writes and reads a container's json-file logs: one JSON object per line, as Docker writes them.
//!
//! ```text
//! {"log":"hello\n","stream":"stdout","time":"2026-11-09T10:00:00.000000001Z"}
//! ```
//!
//! The [`Writer`] lives in the container's shim and is the only one that writes; any number of [`Reader`]s look on from
//! other processes. They agree through the files alone:
//!
//! - A record is one line. What is no record (zeros after a power cut, a half-written line) is skipped and counted.
//! - Rotation renames, and never truncates: `log` → `log.1` → `log.2` … The file that a reader has open stays whole, and
//!   the reader finds the next newer one by looking where its own has gone.
//! - Rotated files may be packed, `log.1` → `log.1.gz`, by a third process while the two others go on. Who renames
//!   rotated files locks their folder; the writer does not wait for the lock but rotates a little later.
//!
//! A log that somebody forwards has numbered records, `"number":1`: who comes back finds the next one, and a gap tells
//! how many were lost.
//!
//! Times are nanoseconds since 1970. Nothing here reads a clock.

#![forbid(unsafe_code)]

mod entry;
mod escape;
mod files;
mod lines;
mod packed;
mod reader;
mod stamp;
mod writer;

pub use entry::{Entry, Stream};
pub use packed::pack;
pub use reader::{Finish, Follower, ReadOptions, Reader, Step, last_number};
pub use writer::{Config, Trouble, Writer};
