//! The use cases of the engine itself.

mod events;
mod info;
mod version;

pub(crate) use events::Events;
pub(crate) use info::info;
pub(crate) use version::version;
