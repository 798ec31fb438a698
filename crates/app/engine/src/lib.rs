//! The use cases: the only place where images, networks and containers meet.
//!
//! [`Actions`] is the table of contents: every operation that the product offers is one method there, with a typed
//! request and reply. [`Engine`] carries them out.

#![forbid(unsafe_code)]

pub mod action;
mod dispatch;
pub mod reply;
pub mod request;

pub use action::Actions;

/// A handle on the engine; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Engine {}
