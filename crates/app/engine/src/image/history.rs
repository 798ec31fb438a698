//! Tells how an image was made.

use std::sync::Arc;

use api::image::ImageHistoryItem;
use fault::Result;

use crate::inner::Inner;
use crate::request::ImageLook;

/// The steps, the newest first.
pub async fn history(engine: &Arc<Inner>, request: ImageLook) -> Result<Vec<ImageHistoryItem>> {
    let items = engine.images.history(&request.name)?;
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let convert = |item: image::HistoryItem| ImageHistoryItem {
        comment: item.comment,
        created: item.created,
        created_by: item.created_by,
        id: item.id,
        size: signed(item.size),
        tags: item.tags,
    };
    Ok(items.into_iter().map(convert).collect())
}
