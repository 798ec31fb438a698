//! The use cases of containers, one file for each verb, and the actor that owns each container.

pub(crate) mod account;
mod actor;
mod attach;
mod check;
mod create;
mod etc;
mod inspect;
mod kill;
mod late;
mod limits;
mod list;
mod logs;
pub(crate) mod orphans;
mod ports;
pub(crate) mod recover;
mod registry;
mod remove;
mod resize;
mod restart;
mod specification;
mod start;
pub(crate) use start::blocking;
mod stop;
mod stored;
mod tag;
mod volumes;
mod wait;

pub(crate) use attach::attach;
pub(crate) use create::create;
pub(crate) use inspect::inspect;
pub(crate) use kill::kill;
pub(crate) use late::late;
pub(crate) use list::list;
pub(crate) use logs::logs;

pub(crate) use registry::{Handle, Registry};
pub(crate) use remove::remove;
pub(crate) use resize::resize;
pub(crate) use restart::restart;
pub(crate) use start::start;
pub(crate) use stop::stop;
pub(crate) use stored::{Stored, View};
pub(crate) use wait::wait;
