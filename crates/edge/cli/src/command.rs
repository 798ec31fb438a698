//! The commands, one file each, in the groups of docker's tree.

pub mod completion;
pub mod container;
pub mod context;
pub mod image;
pub mod network;
mod prune;
pub mod system;
pub mod volume;
