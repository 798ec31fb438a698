//! Container ids and names, image references, digests, platforms.

#![forbid(unsafe_code)]
