//! Speaks the distribution API to image registries.

#![forbid(unsafe_code)]
