//! Archives of `docker save`: `manifest.json` names configurations and layers by their paths.

use fault::{Fault, Kind, Result};
use names::Reference;
use oci::image::{ArchiveEntry, MAX_MANIFEST, parse_archive_manifest};

use super::spool::Spool;
use super::{Described, configuration, layout};

/// The images that `manifest.json` describes.
pub(super) fn describe(spool: &Spool) -> Result<Vec<Described>> {
    let text = spool.text("manifest.json", MAX_MANIFEST)?;
    let entries =
        parse_archive_manifest(text.as_bytes()).map_err(|error| Fault::from_error(Kind::InvalidParameter, &error))?;
    let images = entries.into_iter().map(|entry| image(spool, entry)).collect::<Result<Vec<_>>>()?;
    Ok(with_manifests(spool, images))
}

/// Newer archives are OCI layouts as well; then the manifests under which the images were pulled are in them.
fn with_manifests(spool: &Spool, mut images: Vec<Described>) -> Vec<Described> {
    let known = layout::describe(spool).unwrap_or_default();
    for image in &mut images {
        let same = known.iter().find(|known| known.config_text == image.config_text);
        if let Some(same) = same.filter(|same| same.layers.len() == image.layers.len()) {
            image.manifest.clone_from(&same.manifest);
            image.layers.clone_from(&same.layers);
        }
    }
    images
}

fn image(spool: &Spool, entry: ArchiveEntry) -> Result<Described> {
    let (config_text, config) = configuration(spool, &entry.config, entry.layers.len())?;
    let names = entry.repo_tags.unwrap_or_default().iter().map(|tag| name(tag)).collect::<Result<_>>()?;
    let layers = entry.layers.into_iter().map(|path| (path, None)).collect();
    Ok(Described { config_text, config, layers, manifest: None, names })
}

/// A name as Docker writes it: with a tag, without a digest.
pub(super) fn name(text: &str) -> Result<Reference> {
    let name: Reference = text.parse().map_err(|error| Fault::from_error(Kind::InvalidParameter, &error))?;
    if name.tag().is_some() && name.digest().is_none() {
        Ok(name)
    } else {
        Err(Fault::invalid(format!("invalid tag {text:?}")))
    }
}
