//! Containers, a file for each verb.

mod attach;
mod create;
mod inspect;
mod kill;
mod list;
mod logs;
mod pause;
mod remove;
mod rename;
mod resize;
mod start;
mod stats;
mod stop;
mod top;
mod update;
mod wait;

pub(super) use attach::attach;
pub(super) use create::create;
pub(super) use inspect::inspect;
pub(super) use kill::kill;
pub(super) use list::list;
pub(super) use logs::logs;
pub(super) use pause::{pause, unpause};
pub(super) use remove::remove;
pub(super) use rename::rename;
pub(super) use resize::{resize, size};
pub(super) use start::start;
pub(super) use stats::stats;
pub(super) use stop::{restart, stop};
pub(super) use top::top;
pub(super) use update::update;
pub(super) use wait::wait;
