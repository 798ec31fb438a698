//! The OCI specifications as types: `runtime` for config.json, `image` for manifests, indexes and configurations.

#![forbid(unsafe_code)]

pub mod image;
pub mod runtime;
