//! Flags as docker reads them: the rules of Go's `pflag`, its error texts and its usage columns.
//!
//! Why not a general argument parser: docker's scripts depend on `-it` bundles, `--tty=false`, parsing that stops at
//! the first positional argument, and on the exact words and exit code of each refusal. A table of constants costs
//! nothing at start either, which matters for a program that is started in loops.

mod kind;
mod matches;
mod parse;
mod spec;
mod usage;

pub use kind::Kind;
pub use matches::Matches;
pub use parse::{FlagError, parse};
pub use spec::Flag;
pub use usage::usages;
