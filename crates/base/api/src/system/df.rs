//! `GET /system/df`. With `?type=…` only the lists asked for are there; the others are `null`.

use serde::{Deserialize, Serialize};

use crate::container::ContainerSummary;
use crate::image::ImageSummary;
use crate::volume::Volume;

/// What takes room on the disk. A list that was not asked for is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DiskUsage {
    /// Bytes of all layers, each counted once.
    pub layers_size: i64,
    /// With their containers and shared sizes.
    pub images: Option<Vec<ImageSummary>>,
    /// With their sizes.
    pub containers: Option<Vec<ContainerSummary>>,
    /// With their usage.
    pub volumes: Option<Vec<Volume>>,
    /// What builders keep.
    pub build_cache: Option<Vec<BuildCache>>,
}

/// One piece that a builder keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct BuildCache {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Those it was made from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// `regular`, `source.local` …
    #[serde(rename = "Type")]
    pub kind: String,
    /// What made it.
    pub description: String,
    /// A build has it open.
    pub in_use: bool,
    /// Others are made from it.
    pub shared: bool,
    /// Bytes.
    pub size: i64,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When a build last used it (RFC 3339); `null` for never.
    pub last_used_at: Option<String>,
    /// How often.
    pub usage_count: i64,
}
