//! Puts images into an archive.

use std::sync::Arc;

use bytes::Bytes;
use fault::{Fault, Result};

use crate::action::Stream;
use crate::blocks;
use crate::inner::Inner;
use crate::request::ImageSave;

/// Begins to write the archive. A name that does not exist is an error before the first byte.
pub async fn save(engine: &Arc<Inner>, request: ImageSave) -> Result<Stream<Bytes>> {
    if !request.platforms.is_empty() {
        return Err(Fault::not_implemented("saving one platform of an image is not implemented yet"));
    }
    let mut saved = Vec::new();
    for name in &request.names {
        saved.push(engine.images.get(name)?.id.to_string());
    }
    let owner = Arc::clone(engine);
    blocks::stream("save", move |out| {
        owner.images.save(&request.names, out)?;
        for id in saved {
            super::tell(&owner, "save", &id, id.clone());
        }
        Ok(())
    })
}
