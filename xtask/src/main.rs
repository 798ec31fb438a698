//! The chores: verify, fix, test, tidy.

#![forbid(unsafe_code)]

fn main() {}
