//! Takes images in from an archive.

use std::sync::Arc;

use api::progress::JsonMessage;
use fault::{Fault, Result};
use image::{Loaded, Progress};
use tokio_util::io::SyncIoBridge;

use super::progress::Lines;
use crate::action;
use crate::container::apart;
use crate::inner::Inner;
use crate::request::ImageLoad;

/// Takes the images in; the stream tells which they are.
pub async fn load(engine: &Arc<Inner>, request: ImageLoad) -> Result<action::Progress> {
    if !request.platforms.is_empty() {
        return Err(Fault::not_implemented("loading one platform of an archive is not implemented yet"));
    }
    let (lines, stream) = Lines::new();
    let sink = if request.quiet { Progress::none() } else { lines.sink() };
    let (owner, body) = (Arc::clone(engine), SyncIoBridge::new(request.body));
    tokio::spawn(async move {
        let images = owner.images.clone();
        match apart("load", move || images.load(body, &sink)).await {
            Ok(loaded) => loaded.iter().for_each(|one| told(&owner, &lines, one)),
            Err(fault) => lines.fail(fault),
        }
    });
    Ok(stream)
}

fn told(engine: &Inner, lines: &Lines, loaded: &Loaded) {
    lines.tell(JsonMessage::stream(format!("{loaded}\n")));
    let id = match loaded {
        Loaded::Name(name) => engine.images.get(name).map_or_else(|_| name.clone(), |image| image.id.to_string()),
        Loaded::Id(id) => id.to_string(),
    };
    super::tell(engine, "load", &id, id.clone());
}
