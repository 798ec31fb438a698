//! Takes images from an archive: one of `docker save`, old or new, or an OCI image layout; compressed or not.
//!
//! The archive comes as a stream and may name things before it has them, so its files are first put aside as staged blobs.
//! Paths in it are compared with one another and never used as paths of ours.

mod archive_format;
mod layout;
mod spool;

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use archive::{Codec, Limits};
use fault::{Fault, Result, Step};
use names::{Digest, Reference};
use oci::image::{ImageConfig, media_type};

use crate::commit::{NewImage, Part};
use crate::image::ImageId;
use crate::images::{Images, Shared};
use crate::import::layer_type;
use crate::ingest::{StagedLayer, Wanted};
use crate::progress::{Progress, Status, TELL_EVERY};
use crate::pull::read_config;
use crate::record::{BlobRecord, ManifestRecord};
use spool::{File, Spool};

/// An image that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Under this name.
    Name(String),
    /// Without a name.
    Id(ImageId),
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "Loaded image: {name}"),
            Self::Id(id) => write!(f, "Loaded image ID: {id}"),
        }
    }
}

/// An image as an archive describes it.
struct Described {
    config_text: String,
    config: ImageConfig,
    /// Paths of the layers, lowest first, each with its media type where one is given.
    layers: Vec<(String, Option<String>)>,
    manifest: Option<ManifestRecord>,
    names: Vec<Reference>,
}

impl Images {
    /// Loads all images of `tar`. Those before one that is refused stay.
    pub fn load(&self, tar: impl Read + Send, progress: &Progress) -> Result<Vec<Loaded>> {
        let spool = self.shared.spool(tar)?;
        let images = match spool.get("manifest.json") {
            Some(_) => archive_format::describe(&spool)?,
            None => layout::describe(&spool)?,
        };
        let mut layers = HashMap::new();
        let mut loaded = Vec::new();
        for image in images {
            loaded.extend(self.load_one(&spool, image, &mut layers, progress)?);
        }
        drop(layers);
        self.shared.collect_orphans()?;
        Ok(loaded)
    }

    fn load_one(
        &self,
        spool: &Spool,
        image: Described,
        layers: &mut HashMap<Digest, Arc<StagedLayer>>,
        progress: &Progress,
    ) -> Result<Vec<Loaded>> {
        let mut parts = Vec::new();
        for ((path, media_type), diff_id) in image.layers.iter().zip(&image.config.rootfs.diff_ids) {
            let exists = || self.state().layers.contains_key(diff_id);
            if let Some(claim) = self.shared.claims.claim(diff_id, exists) {
                parts.push(Part::Present(claim));
                continue;
            }
            if !layers.contains_key(diff_id) {
                let file = spool.get(path).ok_or_else(|| missing(path))?;
                let layer = self.shared.load_layer(file, media_type.as_deref(), diff_id, progress)?;
                layers.insert(diff_id.clone(), Arc::new(layer));
            }
            parts.push(Part::Staged(Arc::clone(&layers[diff_id])));
        }
        let id = content::Hasher::sha256(image.config_text.as_bytes());
        let new = NewImage {
            id: id.clone(),
            config: image.config_text,
            parts,
            manifest: image.manifest,
            names: image.names.clone(),
        };
        let committed = self.shared.commit(new)?;
        for (name, loser) in committed.displaced.iter().filter(|(name, _)| name.digest().is_none()) {
            let name = name.familiar();
            let text = format!("The image {name} already exists, renaming the old one with ID {loser} to empty string");
            progress.tell("", Status::Line(text));
        }
        let names: Vec<_> = image.names.iter().map(|name| Loaded::Name(name.familiar())).collect();
        Ok(if names.is_empty() { vec![Loaded::Id(id)] } else { names })
    }
}

impl Shared {
    fn load_layer(
        &self,
        file: &File,
        media_type: Option<&str>,
        diff_id: &Digest,
        progress: &Progress,
    ) -> Result<StagedLayer> {
        use std::io::BufRead;
        let total = file.size();
        let mut source = std::io::BufReader::with_capacity(256 << 10, file.open()?);
        let codec = Codec::detect(source.fill_buf().step("load layer")?).step("load layer")?;
        let meter = Mutex::new(Meter { sum: 0, told: None });
        let seen = |amount: u64| {
            let current = meter.lock().unwrap_or_else(PoisonError::into_inner).add(amount, total);
            if let Some(current) = current {
                progress.tell(diff_id.short(), Status::LoadingLayer { current, total });
            }
        };
        if codec == Codec::Plain {
            let limits = Limits { stream: total, ..Limits::default() };
            let wanted = Wanted { diff_id: Some(diff_id), blob: None, media_type: media_type::OCI_LAYER, limits };
            return self.take_in_plain(source, &wanted, &seen);
        }
        let media_type = media_type.unwrap_or(layer_type(codec)).to_owned();
        let blob = BlobRecord { digest: file.digest().clone(), size: total, media_type };
        self.take_in(source, &Wanted::announced(&blob, diff_id), &seen)
    }
}

/// Counts, and says at times and at the end how far it is.
struct Meter {
    sum: u64,
    told: Option<Instant>,
}

impl Meter {
    fn add(&mut self, amount: u64, total: u64) -> Option<u64> {
        self.sum += amount;
        let is_due = self.sum >= total || self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if is_due {
            self.told = Some(Instant::now());
        }
        is_due.then_some(self.sum)
    }
}

/// Reads the configuration at a path and checks that there are as many layers as it says.
fn configuration(spool: &Spool, path: &str, layers: usize) -> Result<(String, ImageConfig)> {
    let text = spool.text(path, oci::image::MAX_CONFIG)?;
    let config = read_config(&text)?;
    let expected = config.rootfs.diff_ids.len();
    if expected != layers {
        let message = format!("invalid manifest, layers length mismatch: expected {expected}, got {layers}");
        return Err(Fault::invalid(message));
    }
    Ok((text, config))
}

fn missing(path: &str) -> Fault {
    Fault::invalid(format!("the archive has no file {path:?}"))
}
