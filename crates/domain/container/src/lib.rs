//! Containers: the record, the rules of its life, and the runtime specification it becomes.
//!
//! Pure: it knows nothing of images, networks, the kernel or the clock.

#![forbid(unsafe_code)]

pub mod capabilities;
pub mod edit;
pub mod health;
pub mod lifecycle;
pub mod merge;
pub mod random_name;
pub mod record;
pub mod security;
pub mod spec;
pub mod state;
pub mod update;
pub mod users;
