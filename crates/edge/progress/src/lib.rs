//! Progress of pulls and loads, on a terminal and off it.

#![forbid(unsafe_code)]
