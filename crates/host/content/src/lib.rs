//! Stores blobs by digest.

#![forbid(unsafe_code)]
