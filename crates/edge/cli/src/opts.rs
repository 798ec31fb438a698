//! The values of flags: docker's notations, their checks and their meaning.

pub mod check;
pub mod device;
pub mod env;
pub mod filter;
pub mod gpus;
pub mod health;
pub mod hosts;
pub mod labels;
pub mod mount;
pub mod network;
pub mod port;
pub mod restart;
pub mod security;
pub mod text;
pub mod throttle;
pub mod ulimit;
pub mod volume;
