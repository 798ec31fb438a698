//! The system call filter.

use oci::runtime::{Seccomp, Spec};
use seccomp::Program;

use crate::Error;
use crate::error::Step;

/// Compiles the specification's filter, where there is one.
///
/// # Errors
/// What the profile says wrong.
pub(crate) fn compile(spec: &Spec) -> Result<Option<Program>, Error> {
    let profile = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref());
    let compile = |profile: &Seccomp| {
        seccomp::compile(profile).map_err(|error| Error::invalid(format!("seccomp profile: {error}")))
    };
    profile.map(compile).transpose()
}

/// Loads the filter for this process.
pub(crate) fn load(filter: &Program) -> Result<(), Error> {
    sys::seccomp::load(filter.as_bytes(), filter.flags().into()).step("seccomp: load filter")
}
