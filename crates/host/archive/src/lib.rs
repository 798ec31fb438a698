//! Unpacks and packs layers: tar, whiteouts, gzip, zstd.

#![forbid(unsafe_code)]
