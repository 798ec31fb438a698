//! Layer directories and the writable directories of containers.
//!
//! ```text
//! layers/.staging-<random>/diff    a layer on its way in
//! layers/<random>/diff             a layer, never changed again; a lower directory of overlayfs
//! containers/<id>/{upper,work}     what a container writes
//! trash/<random>                   what nobody wants, removed in the background
//! ```
//!
//! The names of layers are short, since mount(2) takes one page for all of them. No directory above a layer can be
//! entered by anyone but root: layers hold programs that run as their owner (CVE-2021-41091). Which layers should exist is
//! not known here.

#![forbid(unsafe_code)]

mod changes;
mod error;
mod random;
mod size;
mod stage;
mod store;
mod trash;
pub mod view;

pub use changes::{Change, Kind, changes};
pub use error::Error;
pub use stage::Stage;
pub use store::{Store, Writable};
pub use trash::Trash;
