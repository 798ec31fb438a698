//! What the engine is and can do.

mod df;
mod info;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use df::{BuildCache, DiskUsage};
pub use info::*;

/// The answer to `GET /version`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Version {
    /// Name of the product.
    pub platform: Platform,
    /// The engine and the parts it uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// The engine's version.
    pub version: String,
    /// The newest version of the API.
    pub api_version: String,
    /// The oldest version of the API.
    #[serde(rename = "MinAPIVersion")]
    pub min_api_version: String,
    /// The revision it was built from.
    pub git_commit: String,
    /// The compiler; the key is Docker's.
    pub go_version: String,
    /// `linux`.
    pub os: String,
    /// In Go's words: `amd64` …
    pub arch: String,
    /// The kernel's release.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kernel_version: String,
    /// Offers what is not stable yet.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub experimental: bool,
    /// RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_time: String,
}

/// Name of the product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Platform {
    /// Such as `Docker Engine - Community`.
    pub name: String,
}

/// The engine itself, or a part it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Component {
    /// `Engine` …
    pub name: String,
    /// Its version.
    pub version: String,
    /// Further facts; the client prints them.
    pub details: BTreeMap<String, String>,
}
