//! The only unsafe code: system calls that no library offers safely.

pub mod inherited;
pub mod memfd;
pub mod signals;
pub mod spawn;
