//! The steps that make a container out of a process; `process/init.rs` lists them in order.

pub(crate) mod console;
pub(crate) mod copy_up;
pub(crate) mod cwd;
pub(crate) mod devices;
pub(crate) mod execute;
pub(crate) mod hostname;
pub(crate) mod identity;
pub(crate) mod idmap;
pub(crate) mod keyring;
pub(crate) mod label;
pub(crate) mod masks;
pub(crate) mod mounts;
pub(crate) mod overlay;
pub(crate) mod pivot;
pub(crate) mod rlimits;
pub(crate) mod rootfs;
pub(crate) mod seccomp;
pub(crate) mod stdio;
pub(crate) mod sysctl;
pub(crate) mod time;
pub(crate) mod tree;
pub(crate) mod userns;
