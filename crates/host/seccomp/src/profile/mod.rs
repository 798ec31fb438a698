//! Profiles in Docker's format, and the default one.
//!
//! `--security-opt seccomp=FILE` names a file in this format. It is what the OCI specification has, with rules that apply
//! only to containers with or without some capability, to some machines, or from some kernel on; resolving a profile for a
//! container leaves the OCI part.

mod default;
mod file;
mod filter;

pub use default::default_profile;
pub use file::{ParseError, Profile, ResolveError, parse};
