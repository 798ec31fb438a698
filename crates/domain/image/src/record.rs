//! What the catalogue holds of images.

use metastore::Table;
use names::Digest;
use serde::{Deserialize, Serialize};

/// Images by id.
pub(crate) const IMAGES: Table<ImageRecord> = Table::new("images");
/// Images by canonical reference, `docker.io/library/busybox:latest` or `…@sha256:…`.
pub(crate) const REFERENCES: Table<ReferenceRecord> = Table::new("image-references");
/// Layers by diff id.
pub(crate) const LAYERS: Table<LayerRecord> = Table::new("layers");

/// An image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImageRecord {
    /// The configuration, byte for byte: the id is its digest.
    pub config: String,
    /// The manifests under which it came, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<ManifestRecord>,
    /// When it was tagged last, in nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tagged: Option<i64>,
}

/// A manifest, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ManifestRecord {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: String,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReferenceRecord {
    pub image: Digest,
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    /// Its directory below `layers/`.
    pub directory: String,
    /// Bytes of all its regular files.
    pub size: u64,
    /// Whether it hides all layers below it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_opaque: bool,
    /// The blob it came as.
    pub blob: BlobRecord,
}

/// A blob of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobRecord {
    pub digest: Digest,
    pub size: u64,
    pub media_type: String,
}
