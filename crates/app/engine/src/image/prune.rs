//! Removes images that no container uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::filters::Filters;
use api::prune::ImagesPruned;
use fault::Result;
use image::Image;

use super::list::{created, dangling, users};
use super::remove;
use crate::clock;
use crate::inner::Inner;
use crate::request::ImageRemove;
use crate::selection::Selection;

/// Removes those without a name, or all, where the filter `dangling` says so. What cannot be removed stays, and is told in
/// the log.
pub async fn prune(engine: &Arc<Inner>, filters: &Filters) -> Result<ImagesPruned> {
    let selection = Selection::read(filters, &["dangling"], clock::now())?;
    let only_dangling = dangling(filters)?.unwrap_or(true);
    let before = layers_size(engine);
    let users = users(engine);
    let mut pruned = ImagesPruned::default();
    for image in engine.images.list() {
        let created = created(&image).saturating_mul(1_000_000_000);
        let is_kept = users.contains_key(image.id.as_str())
            || (only_dangling && !image.is_dangling())
            || !selection.takes(created, image.config.config.labels.as_ref());
        if !is_kept {
            for name in names(&image) {
                let request = ImageRemove { name, force: false, no_prune: false };
                match remove(engine, request).await {
                    Ok(items) => pruned.images_deleted.get_or_insert_default().extend(items),
                    Err(fault) => tracing::warn!(image = %image.id, %fault, "prune: it was not removed"),
                }
            }
        }
    }
    pruned.space_reclaimed = before.saturating_sub(layers_size(engine));
    let reclaimed = BTreeMap::from([("reclaimed".to_owned(), pruned.space_reclaimed.to_string())]);
    engine.events.emit("image", "prune", "", reclaimed);
    Ok(pruned)
}

/// All names; with the last one goes the image.
fn names(image: &Image) -> Vec<String> {
    let names: Vec<String> = image.tags.iter().map(names::Reference::familiar).collect();
    if names.is_empty() { vec![image.id.to_string()] } else { names }
}

/// Bytes of all layers of images, each counted once.
pub fn layers_size(engine: &Inner) -> u64 {
    let mut layers = BTreeMap::new();
    for image in engine.images.list() {
        layers.extend(image.layers.iter().map(|layer| (layer.diff_id.to_string(), layer.size)));
    }
    layers.values().sum()
}
