//! Tells how an image was made.

use std::sync::Arc;

use api::image::ImageHistoryItem;
use fault::Result;
use image::HistoryItem;

use crate::inner::Inner;
use crate::request::ImageLook;

/// The steps, the newest first.
pub async fn history(engine: &Arc<Inner>, request: ImageLook) -> Result<Vec<ImageHistoryItem>> {
    let items = engine.images.history(&request.name)?;
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let convert = |item: HistoryItem| ImageHistoryItem {
        comment: item.comment,
        created: seconds(item.created.as_deref()),
        created_by: item.created_by,
        id: item.id,
        size: signed(item.size),
        tags: Some(item.tags).filter(|tags| !tags.is_empty()),
    };
    Ok(items.into_iter().map(convert).collect())
}

/// Seconds since 1970; 0 where nothing is known.
pub fn seconds(time: Option<&str>) -> i64 {
    time.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map_or(0, |time| time.as_second())
}
