//! Tests that compare our programs with libseccomp's, and with a plain reading of the profile, decision by decision.

mod compare;
pub(crate) mod interpreter;
mod libseccomp;
mod model;
