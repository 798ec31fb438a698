//! Gives an image a further name.

use std::sync::Arc;

use fault::{Fault, Result};
use names::Reference;

use crate::container::blocking;
use crate::inner::Inner;
use crate::request::ImageTag;

/// Tags it; a name that meant another image means this one from then on.
pub async fn tag(engine: &Arc<Inner>, request: ImageTag) -> Result<()> {
    let target = target(&request)?;
    let (owner, name) = (Arc::clone(engine), request.name);
    let familiar = target.familiar();
    let id = blocking(move || {
        let id = owner.images.get(&name)?.id.to_string();
        owner.images.tag(&name, &target)?;
        Ok(id)
    })
    .await?;
    super::tell(engine, "tag", &id, familiar);
    Ok(())
}

fn target(request: &ImageTag) -> Result<Reference> {
    let invalid = |error: names::ReferenceError| Fault::invalid(error.to_string());
    let reference: Reference = request.repository.parse().map_err(invalid)?;
    if reference.digest().is_some() {
        return Err(Fault::invalid("refusing to create a tag with a digest reference"));
    }
    match request.tag.as_deref().filter(|tag| !tag.is_empty()) {
        Some(tag) => reference.with_tag(tag).map_err(invalid),
        None => Ok(reference.or_latest()),
    }
}
