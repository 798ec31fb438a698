//! Takes a name of an image away, and the image with its last one.

use std::sync::Arc;

use api::image::ImageDeleteItem;
use fault::Result;
use image::{Removed, User};

use crate::container::{Handle, blocking};
use crate::inner::Inner;
use crate::request::ImageRemove;

/// Removes; tells what went.
pub async fn remove(engine: &Arc<Inner>, request: ImageRemove) -> Result<Vec<ImageDeleteItem>> {
    let owner = Arc::clone(engine);
    let removed = blocking(move || {
        let users = |id: &names::Digest| users(&owner, id);
        owner.images.remove(&request.name, request.force, !request.no_prune, &users)
    })
    .await?;
    for item in &removed {
        let (action, id) = match item {
            Removed::Untagged(name) => ("untag", name),
            Removed::Deleted(id) => ("delete", id),
        };
        engine.events.emit("image", action, id, [("name".to_owned(), id.clone())].into());
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
