//! An image as readers see it.

use std::time::{Duration, SystemTime};

use names::{Digest, Platform, Reference};
use oci::image::ImageConfig;

use crate::chain::chain_ids;

/// The digest of an image's configuration.
pub type ImageId = Digest;

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the uncompressed archive.
    pub diff_id: Digest,
    /// Bytes of all its regular files.
    pub size: u64,
    /// Its directory below `layers/`.
    pub(crate) directory: String,
    /// Whether it hides all layers below it.
    pub(crate) is_opaque: bool,
    pub(crate) blob: crate::record::BlobRecord,
}

/// An image at one instant.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Its configuration, byte for byte.
    pub config_text: String,
    /// Its configuration.
    pub config: ImageConfig,
    /// Its tags, in order.
    pub tags: Vec<Reference>,
    /// The names by digest under which it was pulled, in order.
    pub digests: Vec<Reference>,
    /// Bytes of all files of all its layers.
    pub size: u64,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// When it was tagged last, in nanoseconds since 1970.
    pub(crate) tagged: Option<i64>,
    pub(crate) manifests: Vec<crate::record::ManifestRecord>,
}

impl Image {
    /// The names as `RepoTags` shows them.
    pub fn repo_tags(&self) -> Vec<String> {
        self.tags.iter().map(Reference::familiar).collect()
    }

    /// The names as `RepoDigests` shows them.
    pub fn repo_digests(&self) -> Vec<String> {
        self.digests.iter().map(Reference::familiar).collect()
    }

    /// The diff ids of its layers, lowest first.
    pub fn diff_ids(&self) -> &[Digest] {
        &self.config.rootfs.diff_ids
    }

    /// The chain ids of its layers, lowest first.
    pub fn chain_ids(&self) -> Vec<Digest> {
        chain_ids(self.diff_ids())
    }

    /// When it was tagged last.
    pub fn last_tagged(&self) -> Option<SystemTime> {
        let since = Duration::from_nanos(u64::try_from(self.tagged?).ok()?);
        SystemTime::UNIX_EPOCH.checked_add(since)
    }

    /// What it runs on; `None` where its configuration says nothing sensible.
    pub fn platform(&self) -> Option<Platform> {
        self.config.platform().ok()
    }

    /// Whether no tag and no digest leads to it.
    pub fn is_dangling(&self) -> bool {
        self.tags.is_empty() && self.digests.is_empty()
    }

    /// All references, tags first.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.tags.iter().chain(&self.digests)
    }
}
