//! Commands on containers.

pub mod attach;
pub mod commit;
pub mod cp;
pub mod create;
pub mod diff;
mod each;
pub mod exec;
pub mod export;
mod flags;
pub mod inspect;
pub mod kill;
pub mod logs;
pub mod ls;
pub mod pause;
pub mod port;
pub mod prune;
pub mod rename;
pub mod restart;
pub mod rm;
pub mod run;
mod session;
mod spec;
pub mod start;
pub mod stats;
pub mod stop;
pub mod top;
pub mod unpause;
pub mod update;
pub mod wait;

pub use each::summed;
