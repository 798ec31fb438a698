//! Commands on the daemon as a whole.

pub mod events;
pub mod info;
pub mod inspect;
pub mod version;
mod version_text;
