//! How an image came to be.

use fault::Result;
use names::Reference;

use crate::images::Images;

/// One step of an image's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryItem {
    /// The image's id for the last step, `<missing>` for those before: steps of a pulled image have no images.
    pub id: String,
    /// When (RFC 3339).
    pub created: Option<String>,
    /// The command.
    pub created_by: String,
    /// The image's tags, for the last step.
    pub tags: Vec<String>,
    /// Bytes of the files in the step's layer; 0 when it made none.
    pub size: u64,
    /// A comment.
    pub comment: String,
}

impl Images {
    /// The steps of an image, the latest first.
    pub fn history(&self, name: &str) -> Result<Vec<HistoryItem>> {
        let image = self.get(name)?;
        let mut layers = image.layers.iter();
        let mut items: Vec<HistoryItem> = image
            .config
            .history
            .iter()
            .map(|step| HistoryItem {
                id: "<missing>".to_owned(),
                created: step.created.clone(),
                created_by: step.created_by.clone(),
                tags: Vec::new(),
                size: if step.empty_layer { 0 } else { layers.next().map_or(0, |layer| layer.size) },
                comment: step.comment.clone(),
            })
            .collect();
        items.reverse();
        if let Some(latest) = items.first_mut() {
            latest.id = image.id.to_string();
            latest.tags = image.tags.iter().map(Reference::familiar).collect();
        }
        Ok(items)
    }
}
