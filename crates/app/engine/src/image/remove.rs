//! Takes a name of an image away, and the image with its last one.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::image::ImageDeleteItem;
use fault::Result;
use image::{Removed, User};

use crate::container::{Handle, blocking};
use crate::inner::Inner;
use crate::request::ImageRemove;

/// Removes; tells what went.
pub async fn remove(engine: &Arc<Inner>, request: ImageRemove) -> Result<Vec<ImageDeleteItem>> {
    let image = engine.images.get(&request.name)?.id.to_string();
    let labels = super::labels(engine, &image);
    let owner = Arc::clone(engine);
    let removed = blocking(move || {
        let users = |id: &names::Digest| users(&owner, id);
        owner.images.remove(&request.name, request.force, !request.no_prune, &users)
    })
    .await?;
    for item in &removed {
        let (action, labels) = match item {
            Removed::Untagged(_) => ("untag", labels.clone()),
            Removed::Deleted(id) if *id == image => ("delete", BTreeMap::new()),
            // A layer that went with it.
            Removed::Deleted(_) => continue,
        };
        engine.events.emit("image", action, &image, super::attributes(labels, image.clone()));
    }
    Ok(removed.into_iter().map(convert).collect())
}

fn users(engine: &Inner, image: &names::Digest) -> Vec<User> {
    let views = engine.containers.all();
    let views = views.iter().map(Handle::view).filter(|view| view.stored.record.image_id == *image && !view.gone);
    views
        .map(|view| User {
            container: view.stored.record.id.to_string(),
            is_running: view.stored.state().phase.is_alive(),
        })
        .collect()
}

fn convert(item: Removed) -> ImageDeleteItem {
    match item {
        Removed::Untagged(name) => ImageDeleteItem::Untagged(name),
        Removed::Deleted(id) => ImageDeleteItem::Deleted(id),
    }
}
