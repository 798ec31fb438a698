//! The use cases of the engine itself.

mod df;
mod events;
mod info;
mod reload;
mod version;

pub(crate) use df::df;
pub(crate) use events::Events;
pub(crate) use info::info;
pub(crate) use reload::reload;
pub(crate) use version::version;
