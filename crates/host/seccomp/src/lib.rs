//! Compiles seccomp profiles to the kernel's BPF programs, and knows Docker's default profile.
//!
//! ```text
//!   profile::parse ── Profile::resolve ─┐
//!                                       ├─► oci Seccomp ── compile ──► Program ── to_bytes ──► file ── from_bytes ──► load
//!   profile::default_profile ───────────┘
//! ```
//!
//! [`compile()`] takes the part `linux.seccomp` of an OCI configuration and decides as libseccomp under runc does, so that
//! a profile means the same here as with the incumbent; [`compile()`]'s documentation lists the fine print. The result is a
//! plain value: this crate loads nothing into the kernel, which is one unsafe call and belongs to the crate `sys`, and
//! keeps no cache, which belongs to the daemon. Only the machine's own numbers are known: x86-64 with its two 32-bit
//! entries. On other machines [`compile()`] answers with an error that says so.

#![forbid(unsafe_code)]

mod abi;
mod action;
mod assembler;
mod compile;
mod condition;
mod error;
pub mod features;
mod flags;
mod instruction;
mod kernel;
pub mod profile;
mod program;
mod ranges;
mod rules;
mod table;

#[cfg(test)]
mod oracle;

pub use action::Action;
pub use compile::compile;
pub use error::CompileError;
pub use instruction::Instruction;
pub use kernel::KernelVersion;
pub use profile::default_profile;
pub use program::{BytesError, Program};
