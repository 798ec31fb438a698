//! The one binary: client, daemon, and the shim it carries.

#![forbid(unsafe_code)]

fn main() {}
