//! Commands on the daemon as a whole.

pub mod df;
pub mod dial_stdio;
pub mod events;
pub mod info;
pub mod inspect;
pub mod prune;
pub mod version;
mod version_text;
