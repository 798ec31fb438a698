//! The Engine API's JSON bodies, one module for each noun.
//!
//! Server and client share them. They are written as Docker's own Go structures behave on the wire, since users'
//! programs depend on it: a field is `Option` where Go answers `null` for a nil slice, map or pointer; it is left out
//! when empty where Go says `omitempty`; everything else is always there. Where versions differ these are the bodies of
//! the newest version, [`version::NEWEST`]; the server converts for older clients.
//!
//! Read bodies with [`json::from_slice`], never with `serde_json` directly: it reads as Go does (`null` is the zero
//! value of any type, keys match without regard to case, unknown keys are ignored). Write them with `serde_json`.

#![forbid(unsafe_code)]

pub mod auth;
pub mod container;
pub mod error;
pub mod events;
pub mod exec;
pub mod filters;
pub mod image;
pub mod json;
pub mod network;
pub mod port;
pub mod progress;
pub mod prune;
pub mod system;
pub mod version;
pub mod volume;
