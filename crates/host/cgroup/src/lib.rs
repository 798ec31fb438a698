//! Control groups of both versions: made with limits, filled, counted, killed and removed.
//!
//! A container has one path below every mounted hierarchy. On a pure version 2 host that is one directory; on version 1
//! one for each mounted controller set, named hierarchies and the (nearly empty) unified one of a hybrid host included.
//! What a limit means in files is decided purely by [`settings`](setting), and written by [`Cgroup::create`].
//!
//! Where systemd is to make the group, it is asked to start a [`Unit`] for it, and is told of the limits that it knows; all
//! else is the same.
//!
//! Parents of the leaf are made where missing and left there: they are shared, and belong to whoever names them.

#![forbid(unsafe_code)]

mod device_program;
mod devices;
mod entrance;
mod error;
mod file;
mod freezer;
mod group;
mod hierarchy;
mod setting;
mod stats;
mod systemd;
mod v1;
mod v2;

pub use entrance::Entrance;
pub use error::Error;
pub use group::{Cgroup, Site};
pub use hierarchy::{Hierarchy, Layout, Version};
pub use systemd::Unit;
