//! The use cases of images, one file for each verb.

mod changes;
mod config;
mod embedded;
mod history;
mod import;
mod inspect;
mod list;
mod load;
mod progress;
mod pull;
mod remove;
mod save;
mod tag;

pub(crate) use config::{config_of, runtime_config};
pub(crate) use history::history;
pub(crate) use import::import;
pub(crate) use inspect::inspect;
pub(crate) use list::list;
pub(crate) use load::load;
pub(crate) use pull::pull;
pub(crate) use remove::remove;
pub(crate) use save::save;
pub(crate) use tag::tag;
