//! Pulls an image from a registry.
//!
//! 1. manifest, through an index where the registry has one
//! 2. configuration, whose digest is the image's id
//! 3. layers, side by side: fetched, hashed, inflated, hashed, unpacked as one stream each
//! 4. commit

use std::sync::Arc;
use std::time::{Duration, Instant};

use fault::{Fault, Kind, Result};
use futures_util::future::try_join_all;
use names::{Digest, Platform, Reference};
use oci::image::{Descriptor, ImageConfig, MAX_CONFIG, Manifest, Parsed};
use registry::{AuthConfig, Fetched, Repository, Selector};

use crate::commit::{NewImage, Part};
use crate::document;
use crate::image::ImageId;
use crate::images::Images;
use crate::ingest::StagedLayer;
use crate::lookup::key;
use crate::progress::{Progress, Status, TELL_EVERY};
use crate::record::ManifestRecord;
use crate::transfer::{Phase, Sought, Transfer};

/// Indexes that may lead to one another.
const MOST_INDEXES: usize = 3;

/// The image that a reference leads to for a platform.
struct Target {
    /// The digest of what the reference itself leads to: an index or a manifest.
    named: Digest,
    manifest: Manifest,
    record: ManifestRecord,
    config_text: String,
    config: ImageConfig,
}

impl Images {
    /// Pulls what `reference` leads to for `platform`, or for the host's. Dropping the future stops the pull; nothing is
    /// left of it.
    pub async fn pull(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
        auth: Option<&AuthConfig>,
        progress: Progress,
    ) -> Result<ImageId> {
        let reference = key(reference);
        let repository = self.shared.registry.repository(&reference, auth);
        let selector = Selector::of(&reference);
        let tag = match &selector {
            Selector::Tag(tag) => tag.clone(),
            Selector::Digest(digest) => digest.to_string(),
        };
        let host = Platform::host();
        let target = find(&repository, &selector, platform.unwrap_or(&host), || {
            progress.tell(tag, Status::PullingFrom(reference.path().to_owned()));
        })
        .await?;
        let before = self.state().resolve(&reference).cloned();
        let parts = self.parts(&repository, &target, &progress).await?;
        let id = target.manifest.config.digest.clone();
        let named = target.named.clone();
        self.commit_pull(target, parts, &reference).await?;
        progress.tell("", Status::Digest(named.to_string()));
        progress.tell("", Status::Summary(summary(before.as_ref() == Some(&id), &reference)));
        Ok(id)
    }

    /// The layers of an image, there already or staged, lowest first.
    async fn parts(&self, repository: &Repository, target: &Target, progress: &Progress) -> Result<Vec<Part>> {
        let is_known = self.state().images.contains_key(&target.manifest.config.digest);
        let layers: Vec<Sought> = sought(target).collect();
        let mut plan = Vec::with_capacity(layers.len());
        for layer in &layers {
            let id = layer.digest.short();
            match self.shared.claims.claim(&layer.diff_id, || self.state().layers.contains_key(&layer.diff_id)) {
                Some(claim) => {
                    if !is_known {
                        progress.tell(id, Status::AlreadyExists);
                    }
                    plan.push(Err(Part::Present(claim)));
                }
                None => {
                    progress.tell(id, Status::PullingFsLayer);
                    plan.push(Ok(layer));
                }
            }
        }
        // All of them are told before the first one starts, as Docker does.
        let started: Vec<_> = plan
            .into_iter()
            .map(|step| step.map(|layer| (layer, self.shared.transfers.join(&self.shared, repository, layer))))
            .collect();
        let transfers: Vec<_> = started.iter().flatten().map(|(_, transfer)| Arc::clone(transfer)).collect();
        let parts = try_join_all(started.into_iter().map(|step| async {
            match step {
                Err(part) => Ok(part),
                Ok((layer, transfer)) => follow(&transfer, layer, progress).await.map(Part::Staged),
            }
        }));
        let parts = parts.await;
        if parts.is_err() {
            // Whoever hears of the failure finds the disk as it was.
            for transfer in transfers {
                transfer.give_up().await;
            }
            self.shared.collect_orphans()?;
        }
        parts
    }

    async fn commit_pull(&self, target: Target, parts: Vec<Part>, reference: &Reference) -> Result<()> {
        let by_digest = reference.with_digest(target.named);
        let names = if reference.digest().is_some() { vec![by_digest] } else { vec![reference.clone(), by_digest] };
        let new = NewImage {
            id: target.manifest.config.digest,
            config: target.config_text,
            parts,
            manifest: Some(target.record),
            names,
        };
        let shared = Arc::clone(&self.shared);
        let commit = move || {
            shared.commit(new)?;
            shared.collect_orphans()
        };
        let committed = tokio::task::spawn_blocking(commit).await;
        committed.unwrap_or_else(|error| Err(Fault::system(format!("commit image: {error}"))))
    }
}

fn summary(is_same: bool, reference: &Reference) -> String {
    let what = if is_same { "Image is up to date for" } else { "Downloaded newer image for" };
    format!("{what} {}", reference.familiar())
}

/// The layers with what the manifest and the configuration say of them.
fn sought(target: &Target) -> impl Iterator<Item = Sought> {
    target.manifest.layers.iter().zip(&target.config.rootfs.diff_ids).map(|(layer, diff_id)| Sought {
        digest: layer.digest.clone(),
        size: layer.size,
        media_type: layer.media_type.clone(),
        diff_id: diff_id.clone(),
    })
}

/// Finds the manifest and the configuration. `found` is called once the registry has answered.
async fn find(
    repository: &Repository,
    selector: &Selector,
    platform: &Platform,
    found: impl FnOnce(),
) -> Result<Target> {
    let refused = |error: registry::Error| Fault::from_error(error.kind(), &error);
    let top = repository.manifest(selector).await.map_err(refused)?;
    found();
    let named = top.digest.clone();
    let (fetched, manifest) = descend(repository, top, platform).await?;
    check_layers(&manifest)?;
    let config = &manifest.config;
    let bytes = repository.fetch(&config.digest, config.size, MAX_CONFIG).await.map_err(refused)?;
    let config_text = document::text("image configuration", bytes.to_vec())?;
    let config = read_config(&config_text)?;
    config.check_layers(&manifest).map_err(|error| Fault::from_error(Kind::System, &error))?;
    let record = ManifestRecord {
        digest: fetched.digest,
        media_type: fetched.media_type,
        bytes: document::text("manifest", fetched.bytes.to_vec())?,
    };
    Ok(Target { named, manifest, record, config_text, config })
}

/// Goes from an index to the manifest for the platform.
async fn descend(repository: &Repository, top: Fetched, platform: &Platform) -> Result<(Fetched, Manifest)> {
    let mut fetched = top;
    for _ in 0..MOST_INDEXES {
        let index = match &fetched.parsed {
            Parsed::Manifest(manifest) => {
                let manifest = Manifest::clone(manifest);
                return Ok((fetched, manifest));
            }
            Parsed::Index(index) => index,
        };
        let Some(chosen) = index.choose(platform).first().map(|entry| entry.digest.clone()) else {
            let message = format!("no matching manifest for {platform} in the manifest list entries");
            return Err(Fault::not_found(message));
        };
        let next = repository.manifest(&Selector::Digest(chosen)).await;
        fetched = next.map_err(|error| Fault::from_error(error.kind(), &error))?;
    }
    Err(Fault::system("indexes of images lead to one another"))
}

/// Refuses what is no image: a chart, a model, or layers that are no file systems.
fn check_layers(manifest: &Manifest) -> Result<()> {
    let is_layer = |layer: &&Descriptor| oci::image::media_type::layer_compression(&layer.media_type).is_some();
    match manifest.layers.iter().find(|layer| !is_layer(layer)) {
        Some(layer) => Err(Fault::system(format!("unsupported media type {:?} of a layer", layer.media_type))),
        None => Ok(()),
    }
}

/// Reads a configuration for this kernel.
pub(crate) fn read_config(text: &str) -> Result<ImageConfig> {
    let config = ImageConfig::read(text.as_bytes()).map_err(|error| Fault::from_error(Kind::System, &error))?;
    if !matches!(config.os.as_str(), "" | "linux") {
        let message = format!("image operating system {:?} cannot be used on this platform", config.os);
        return Err(Fault::system(message));
    }
    Ok(config)
}

/// Tells how a transfer goes until it ends.
async fn follow(transfer: &Transfer, layer: &Sought, progress: &Progress) -> Result<Arc<StagedLayer>> {
    let mut teller = Teller::new(layer, progress);
    let mut phases = transfer.follow();
    loop {
        let phase = phases.borrow_and_update().clone();
        match phase {
            Phase::Waiting => teller.tell(Status::Waiting),
            Phase::Downloading(current) => teller.tell_at_times(Status::Downloading { current, total: layer.size }),
            Phase::Extracting(current) => {
                teller.complete();
                teller.tell_at_times(Status::Extracting { current, total: layer.size });
            }
            Phase::Done(staged) => {
                teller.complete();
                teller.tell(Status::Extracting { current: layer.size, total: layer.size });
                teller.tell(Status::PullComplete);
                return Ok(staged);
            }
            Phase::Failed(kind, message) => return Err(Fault::new(kind, &*message)),
        }
        let changed = async { phases.changed().await.map_err(|_| stopped(layer)) };
        match teller.wait() {
            None => changed.await?,
            // Nothing may change for long; what was held back is told then.
            Some(pause) => tokio::time::timeout(pause, changed).await.unwrap_or(Ok(()))?,
        }
    }
}

fn stopped(layer: &Sought) -> Fault {
    Fault::system(format!("fetch layer {}: stopped", layer.digest))
}

/// Tells one layer's progress, not too often, and nothing twice.
struct Teller<'p> {
    id: &'p str,
    total: u64,
    progress: &'p Progress,
    last: Option<(Status, Instant)>,
    is_held_back: bool,
    is_complete: bool,
}

impl<'p> Teller<'p> {
    fn new(layer: &'p Sought, progress: &'p Progress) -> Self {
        let (id, total) = (layer.digest.short(), layer.size);
        Self { id, total, progress, last: None, is_held_back: false, is_complete: false }
    }

    fn tell(&mut self, status: Status) {
        self.is_held_back = false;
        if self.last.as_ref().is_none_or(|(last, _)| *last != status) {
            self.progress.tell(self.id, status.clone());
        }
        self.last = Some((status, Instant::now()));
    }

    fn tell_at_times(&mut self, status: Status) {
        match &self.last {
            Some((last, _)) if *last == status => self.is_held_back = false,
            Some((last, told)) if last.amount().is_some() && told.elapsed() < TELL_EVERY => self.is_held_back = true,
            _ => self.tell(status),
        }
    }

    /// How long until what was held back may be told.
    fn wait(&self) -> Option<Duration> {
        self.is_held_back.then_some(TELL_EVERY)
    }

    fn complete(&mut self) {
        if !std::mem::replace(&mut self.is_complete, true) {
            self.tell(Status::Downloading { current: self.total, total: self.total });
            self.tell(Status::VerifyingChecksum);
            self.tell(Status::DownloadComplete);
        }
    }
}
