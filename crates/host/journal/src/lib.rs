//! An append-only journal on disk: numbered records with a time, kept up to a size, read from any place while more is
//! written.
//!
//! ```text
//! <folder>/00000000000000000001.log     1<tab>1796094067000000001<tab>{…}
//! <folder>/00000000000000020007.log     …                              the number of its first record is a file's name
//! ```
//!
//! A record is a line. What a power cut left of the last one is taken away when the journal is opened; what a killed
//! process has written is whole, since a record goes to the kernel in one call. The oldest file goes when there is too
//! much. Readers need no lock: they read files that only grow, and learn of a file that went away by its missing number.

#![forbid(unsafe_code)]

mod reader;
mod segment;
mod writer;

pub use reader::{Reader, Step};
pub use writer::{Journal, Limits};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Counted from 1 on over the whole life of the journal.
    pub number: u64,
    /// Nanoseconds since 1970, as the writer said.
    pub time: i64,
    /// What was written, without line ends.
    pub text: String,
}
