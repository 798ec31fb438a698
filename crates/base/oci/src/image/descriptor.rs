//! A descriptor: media type, digest and size of content that lies elsewhere.

use std::collections::BTreeMap;

use names::{Digest, Platform, PlatformError};
use serde::{Deserialize, Serialize};

use super::bounded;

/// Names content by type, digest and size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is; see [`super::media_type`].
    #[serde(default)]
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The length of the content in bytes.
    pub size: u64,
    /// Other places of the content. Gantry never asks them: they are a stranger's choice of host (CVE-2020-15157).
    #[serde(default, deserialize_with = "bounded::list::<_, _, 64>", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free-form annotations.
    #[serde(default, deserialize_with = "bounded::nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// In an index: what the manifest runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<DescriptorPlatform>,
    /// What kind of artifact a manifest is, where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

/// A platform as an index writes it, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DescriptorPlatform {
    /// As Go's `GOARCH`.
    pub architecture: String,
    /// As Go's `GOOS`.
    pub os: String,
    /// The version of the operating system (Windows).
    #[serde(rename = "os.version", skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// Features of the operating system (Windows).
    #[serde(
        rename = "os.features",
        deserialize_with = "bounded::list::<_, _, 64>",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// The variant of the architecture.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl DescriptorPlatform {
    /// The checked and normalised platform.
    pub fn normalised(&self) -> Result<Platform, PlatformError> {
        Platform::new(&self.os, &self.architecture, &self.variant)
    }

    /// Whether nothing is said; such an entry fits everywhere, as with Docker.
    pub fn is_unset(&self) -> bool {
        self.os.is_empty() && self.architecture.is_empty()
    }
}
