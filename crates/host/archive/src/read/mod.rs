//! Reads tar archives entry by entry: ustar, old GNU, PAX, sparse files.
//!
//! Written for hostile input: each length is checked before memory is taken for it, and where two headers contradict each
//! other the one that the format puts first wins for everybody (CVE-2025-62518 came from a size that one reader took from
//! PAX and another from ustar).

mod entry;
mod error;
mod header;
mod pax;
mod reader;
mod sparse;

pub use entry::{Device, Entry, Kind, Xattrs};
pub use error::ReadError;
pub use reader::Reader;
pub use sparse::{Segment, Sparse};

pub(crate) const BLOCK: usize = 512;
