//! The OCI specifications as types: `runtime` for config.json, `state` for what a runtime tells of a container, `image` for manifests, indexes and configurations.

#![forbid(unsafe_code)]

pub mod image;
pub mod runtime;
pub mod state;
pub mod stats;
