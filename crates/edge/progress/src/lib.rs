//! Progress of pulls and loads, on a terminal and off it.
//!
//! The daemon sends one message per change; each names an object (a layer) or none. On a terminal each object keeps a
//! line that is redrawn in place; elsewhere each change of status is a line and counts are left out.

#![forbid(unsafe_code)]

mod bar;
mod display;

pub use bar::bar;
pub use display::{Display, Screen};
