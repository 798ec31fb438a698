//! Manifests, indexes and configurations of images: Docker's schema 2 and the OCI image specification (v1.1).
//!
//! Everything here comes from strangers. Documents are refused by size before they are parsed and by the length of their
//! lists while they are parsed, and a manifest must be one thing only, whoever reads it (CVE-2021-41190). Documents are
//! named by the digest of their bytes: keep the bytes, these types are for reading them.

mod archive;
mod bounded;
mod config;
mod descriptor;
mod manifest;
pub mod media_type;
mod parsed;

pub use archive::{ArchiveEntry, ArchiveError, parse_archive_manifest};
pub use config::{ConfigError, ContainerConfig, Healthcheck, HistoryEntry, ImageConfig, RootFs};
pub use descriptor::{Descriptor, DescriptorPlatform};
pub use manifest::{Index, Manifest};
pub use parsed::{ManifestError, Parsed};

/// The largest manifest or index, in bytes: what registries and containerd keep to.
pub const MAX_MANIFEST: usize = 4 << 20;
/// The largest image configuration, in bytes.
pub const MAX_CONFIG: usize = 8 << 20;
/// The most layers of an image: overlayfs takes no more lower directories (`OVL_MAX_STACK`).
pub const MAX_LAYERS: usize = 500;
/// The most entries of an index.
pub const MAX_MANIFESTS: usize = 4096;
/// The most entries of an image's history.
pub const MAX_HISTORY: usize = 16_384;
