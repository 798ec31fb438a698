//! The use cases of networks, one file for each verb.

mod describe;
mod inspect;
mod list;
mod remove;

pub(crate) use inspect::inspect;
pub(crate) use list::list;
pub(crate) use remove::remove;
