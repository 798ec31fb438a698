//! Makes an image of a root file system.

use std::sync::Arc;

use api::progress::JsonMessage;
use fault::{Fault, Result};
use image::Import;
use names::{Platform, Reference};
use tokio_util::io::SyncIoBridge;

use super::changes;
use super::progress::Lines;
use crate::action;
use crate::container::apart;
use crate::inner::Inner;
use crate::request::ImageImport;

/// Makes the image; the stream's one line is its id.
pub async fn import(engine: &Arc<Inner>, request: ImageImport) -> Result<action::Progress> {
    if request.from_src != "-" {
        return Err(Fault::not_implemented(
            "importing from a URL is not implemented yet: send the archive in the body",
        ));
    }
    let target = target(request.repository.as_deref(), request.tag.as_deref())?;
    let platform = request.platform.as_deref().filter(|text| !text.is_empty()).map(str::parse::<Platform>).transpose();
    let platform = platform.map_err(|error| Fault::invalid(error.to_string()))?;
    let (owner, body, name) = (Arc::clone(engine), SyncIoBridge::new(request.body), target.clone());
    let config = changes::apply(oci::image::ContainerConfig::default(), &request.changes)?;
    let message = request.message.filter(|text| !text.is_empty());
    let message = message.unwrap_or_else(|| format!("Imported from {}", request.from_src));
    let id =
        apart("import", move || owner.images.import(body, Import { target: name, config, message, platform })).await?;
    let id = id.to_string();
    if let Some(name) = &target {
        super::tell(engine, "tag", &id, name.familiar());
    }
    super::tell(engine, "import", &id, id.clone());
    let (lines, stream) = Lines::new();
    lines.tell(JsonMessage::status(id));
    Ok(stream)
}

/// The name of a new image; none where no repository is given.
pub fn target(repository: Option<&str>, tag: Option<&str>) -> Result<Option<Reference>> {
    let Some(repository) = repository.filter(|name| !name.is_empty()) else { return Ok(None) };
    let invalid = |error: names::ReferenceError| Fault::invalid(error.to_string());
    let reference: Reference = repository.parse().map_err(invalid)?;
    if reference.digest().is_some() {
        return Err(Fault::invalid("cannot import digest reference"));
    }
    match tag.filter(|tag| !tag.is_empty()) {
        Some(tag) => Ok(Some(reference.with_tag(tag).map_err(|_| Fault::invalid("invalid tag format"))?)),
        None => Ok(Some(reference.or_latest())),
    }
}
