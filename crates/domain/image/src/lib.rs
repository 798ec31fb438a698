//! Images: pull, tag, remove, load, save, import.
//!
//! ```text
//!  pull ─┐                      ┌─► layers/…   (unpacked, shared by diff id)
//!  load ─┼─► layers ─► commit ──┼─► blobs/…    (as they came, for save and push)
//!  import┘                      └─► catalogue  (images, references, layers)
//! ```
//!
//! A change becomes true in one order: content is staged, written, synced once, renamed, its names synced, and then the
//! record committed. What the catalogue does not name is garbage and collected when [`Images`] opens; what it names exists.
//! Removal is the same backwards: the record goes first.
//!
//! Readers see a published instant and never wait. Writers take turns. A layer that a pull counts on or a container stands
//! on is claimed ([`claims`]) and outlives the images that had it.
//!
//! This crate knows no containers but by id, and no HTTP.

#![forbid(unsafe_code)]

mod chain;
mod claims;
mod commit;
mod container;
mod derive;
mod document;
mod history;
mod image;
mod images;
mod import;
mod ingest;
mod load;
mod lookup;
mod open;
mod progress;
mod pull;
mod record;
mod remove;
mod save;
mod state;
mod tag;
mod transfer;

#[cfg(test)]
mod archive_test;
#[cfg(test)]
mod crash_test;
#[cfg(test)]
mod pull_test;
#[cfg(test)]
mod remove_test;
#[cfg(test)]
mod testing;

pub use chain::chain_ids;
pub use container::Layers;
pub use derive::Derive;
pub use history::HistoryItem;
pub use image::{Image, ImageId, Layer};
pub use images::Images;
pub use import::Import;
pub use load::Loaded;
pub use progress::{Event, Progress, Status};
pub use remove::{Removed, User};
