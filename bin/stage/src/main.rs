//! The small program that exists once per container: shim, init and hello.

#![forbid(unsafe_code)]

fn main() {}
