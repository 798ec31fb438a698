//! Containers, a file for each verb.

mod attach;
mod create;
mod inspect;
mod kill;
mod list;
mod logs;
mod remove;
mod resize;
mod start;
mod stop;
mod wait;

pub(super) use attach::attach;
pub(super) use create::create;
pub(super) use inspect::inspect;
pub(super) use kill::kill;
pub(super) use list::list;
pub(super) use logs::logs;
pub(super) use remove::remove;
pub(super) use resize::{resize, size};
pub(super) use start::start;
pub(super) use stop::{restart, stop};
pub(super) use wait::wait;
