//! A client of the Engine API.

#![forbid(unsafe_code)]
