//! Writes archives: single entries, and whole directory trees as layers.

mod error;
mod packer;
mod writer;

pub use error::PackError;
pub use packer::Packer;
pub use writer::TarWriter;
