//! The use cases of images, one file for each verb.

use std::collections::BTreeMap;

use crate::inner::Inner;

mod changes;
mod commit;
mod config;
mod embedded;
mod history;
mod import;
mod inspect;
mod list;
mod load;
mod progress;
mod prune;
mod pull;
mod remove;
mod save;
mod tag;

pub(crate) use commit::commit;
pub(crate) use config::{config_of, runtime_config};
pub(crate) use history::history;
pub(crate) use import::import;
pub(crate) use inspect::inspect;
pub(crate) use list::list;
pub(crate) use load::load;
pub(crate) use prune::{layers_size, prune};
pub(crate) use pull::pull;
pub(crate) use remove::remove;
pub(crate) use save::save;
pub(crate) use tag::tag;

/// Tells what happened to an image. Its labels come along, as far as it still is there.
fn tell(engine: &Inner, action: &str, id: &str, name: String) {
    engine.events.emit("image", action, id, attributes(labels(engine, id), name));
}

/// The labels of an image; none where there is no such image.
fn labels(engine: &Inner, name_or_id: &str) -> BTreeMap<String, String> {
    let config = engine.images.get(name_or_id).ok().and_then(|image| config_of(&image).ok());
    config.and_then(|config| config.labels).unwrap_or_default()
}

/// What an event tells of an image.
fn attributes(labels: BTreeMap<String, String>, name: String) -> BTreeMap<String, String> {
    labels.into_iter().chain([("name".to_owned(), name)]).collect()
}
