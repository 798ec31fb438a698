//! Images: pull, tag, remove, load, save, import.

#![forbid(unsafe_code)]
