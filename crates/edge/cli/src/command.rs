//! The commands, one file each, in the groups of docker's tree.

pub mod container;
pub mod image;
pub mod system;
