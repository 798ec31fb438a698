//! Further processes in a container, a file for each verb.

mod create;
mod inspect;
mod resize;
mod start;

pub(super) use create::create;
pub(super) use inspect::inspect;
pub(super) use resize::resize;
pub(super) use start::start;
