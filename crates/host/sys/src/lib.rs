//! The only unsafe code: system calls that no library offers safely.

pub mod tree;
