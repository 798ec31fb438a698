//! What the tests share: scratch hosts, images, a lying registry, leak checks.

#![forbid(unsafe_code)]

pub mod registry;
