//! The daemon's side of a container's shim: starting one, talking to it, finding it again.

mod child;
mod connection;
mod launch;

pub use child::ShimChild;
pub use connection::{Control, Shim, StartFailure};
pub use launch::{Launched, Order, launch};
