//! What is measured: one file for each section.

mod api;
mod floor;
mod lifecycle;
mod many;
mod parallel;
mod pull;
mod run;
mod runtime;
mod start;

use anyhow::Result;

use crate::stand::Stand;
use crate::table::Table;

/// Measures one section.
pub type Section = fn(&Stand) -> Result<Vec<Table>>;

/// All of them, in their order.
pub const ALL: [(&str, Section); 9] = [
    ("start", start::measure),
    ("run", run::measure),
    ("lifecycle", lifecycle::measure),
    ("api", api::measure),
    ("parallel", parallel::measure),
    ("many", many::measure),
    ("pull", pull::measure),
    ("floor", floor::measure),
    ("runtime", runtime::measure),
];
