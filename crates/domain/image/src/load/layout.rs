//! OCI image layouts: `index.json` leads by digests to everything else.

use fault::{Fault, Kind, Result};
use names::{Platform, Reference};
use oci::image::{Descriptor, MAX_MANIFEST, Manifest, Parsed, media_type};

use super::spool::Spool;
use super::{Described, configuration, missing};
use crate::record::ManifestRecord;
use crate::save::{IMAGE_NAME, blob_path};

/// Indexes that may lead to one another.
const MOST_INDEXES: usize = 3;

/// The images for this host that the layout has.
pub(super) fn describe(spool: &Spool) -> Result<Vec<Described>> {
    if spool.get("index.json").is_none() {
        return Err(Fault::invalid("the archive has neither a manifest.json nor an index.json"));
    }
    let text = spool.text("index.json", MAX_MANIFEST)?;
    let Parsed::Index(index) = parse(&text, media_type::OCI_INDEX)? else {
        return Err(Fault::invalid("index.json is no index"));
    };
    let mut images: Vec<Described> = Vec::new();
    for entry in &index.manifests {
        let Some(image) = image(spool, entry, MOST_INDEXES)? else { continue };
        // One image may stand there once for each of its names.
        match images.iter_mut().find(|known| known.config_text == image.config_text) {
            Some(known) => known.names.extend(image.names),
            None => images.push(image),
        }
    }
    Ok(images)
}

/// What one entry of an index leads to on this host, if anything.
fn image(spool: &Spool, entry: &Descriptor, depth: usize) -> Result<Option<Described>> {
    let text = blob(spool, entry)?;
    match parse(&text, &entry.media_type)? {
        Parsed::Manifest(manifest) => described(spool, entry, text, &manifest).map(Some),
        Parsed::Index(_) if depth == 0 => Err(Fault::invalid("indexes of the archive lead to one another")),
        Parsed::Index(index) => match index.choose(&Platform::host()).first() {
            None => Ok(None),
            Some(chosen) => {
                let image = image(spool, chosen, depth - 1)?;
                Ok(image
                    .map(|image| Described { names: name(entry).into_iter().chain(image.names).collect(), ..image }))
            }
        },
    }
}

fn described(spool: &Spool, entry: &Descriptor, text: String, manifest: &Manifest) -> Result<Described> {
    check(spool, &manifest.config)?;
    manifest.layers.iter().try_for_each(|layer| check(spool, layer).map(drop))?;
    let (config_text, config) = configuration(spool, &blob_path(&manifest.config.digest), manifest.layers.len())?;
    let layers =
        manifest.layers.iter().map(|layer| (blob_path(&layer.digest), Some(layer.media_type.clone()))).collect();
    let record = ManifestRecord { digest: entry.digest.clone(), media_type: entry.media_type.clone(), bytes: text };
    Ok(Described { config_text, config, layers, manifest: Some(record), names: name(entry).into_iter().collect() })
}

fn parse(text: &str, announced: &str) -> Result<Parsed> {
    Parsed::read(text.as_bytes(), Some(announced)).map_err(|error| Fault::from_error(Kind::InvalidParameter, &error))
}

fn blob(spool: &Spool, descriptor: &Descriptor) -> Result<String> {
    check(spool, descriptor)?;
    spool.text(&blob_path(&descriptor.digest), MAX_MANIFEST)
}

/// Checks that a blob is what its descriptor says.
fn check(spool: &Spool, descriptor: &Descriptor) -> Result<()> {
    let path = blob_path(&descriptor.digest);
    let file = spool.get(&path).ok_or_else(|| missing(&path))?;
    if *file.digest() != descriptor.digest || file.size() != descriptor.size {
        return Err(Fault::invalid(format!("{path:?} is not what its descriptor says")));
    }
    Ok(())
}

fn name(entry: &Descriptor) -> Option<Reference> {
    super::archive_format::name(entry.annotations.get(IMAGE_NAME)?).ok()
}
