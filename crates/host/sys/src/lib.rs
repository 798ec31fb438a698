//! The only unsafe code: system calls that no library offers safely.
//!
//! One module for each topic; every unsafe block carries the conditions of the call and why they hold. Descriptors that
//! come out of here are owned and close on exec. Nothing here knows what a container is.

pub mod attribute;
pub mod bpf;
pub mod clone;
pub mod entry;
pub mod exec;
pub mod fd;
pub mod inherited;
pub mod keyring;
pub mod memfd;
pub mod memory;
pub mod mount;
pub mod mountns;
pub mod netns;
pub mod overlay;
pub mod path;
pub mod program;
pub mod seccomp;
pub mod session;
pub mod signal;
pub mod signalfd;
pub mod sockopt;
pub mod spawn;
pub mod tree;

use std::io;

/// Turns the result of a raw system call into the value, or into `errno`.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
