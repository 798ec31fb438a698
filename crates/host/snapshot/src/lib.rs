//! Layer directories and the writable directories of containers.

#![forbid(unsafe_code)]
