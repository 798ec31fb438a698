//! What the engine is and what happens in it.

mod df;
mod events;
mod info;
mod ping;
mod version;

pub(super) use df::df;
pub(super) use events::events;
pub(super) use info::info;
pub(super) use ping::{ping, ping_head};
pub(super) use version::version;
