//! Stores blobs by digest.
//!
//! ```text
//! blobs/sha256/<hex>   whole, verified, on disk
//! ingest/<random>      under way; whatever is here at start is left over
//! ```
//!
//! A blob goes through three types: [`Ingest`] takes bytes and hashes them; [`Staged`] has the digest and the size that were
//! asked for; published, it has its name. Dropping either of the first two removes the file. When bytes get to the disk is
//! for the caller to say, who may have more to sync than one blob: [`Staged::sync`] does it for this one, and
//! [`Store::sync_names`] for the names after [`Store::publish`].
//!
//! Which blobs should exist is not known here.

#![forbid(unsafe_code)]

mod error;
mod hasher;
mod ingest;
mod store;

pub use error::Error;
pub use hasher::Hasher;
pub use ingest::{Ingest, Staged};
pub use store::{Blob, Store};
