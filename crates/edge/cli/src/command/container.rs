//! Commands on containers.

pub mod attach;
pub mod create;
mod each;
pub mod exec;
mod flags;
pub mod inspect;
pub mod kill;
pub mod logs;
pub mod ls;
pub mod restart;
pub mod rm;
pub mod run;
mod session;
mod spec;
pub mod start;
pub mod stop;
pub mod wait;
