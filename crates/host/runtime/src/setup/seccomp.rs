//! The system call filter.

use std::os::fd::AsRawFd as _;

use oci::runtime::{Seccomp, Spec};
use seccomp::Program;

use crate::Error;
use crate::error::Step;
use crate::process::message::{Channel, Message};

/// The specification's filter, where there is one: the caller's compiled one, or else compiled here.
///
/// # Errors
/// What the profile says wrong.
pub(crate) fn read(spec: &Spec, compiled: Option<&[u8]>) -> Result<Option<Program>, Error> {
    let profile = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref());
    let compile = |profile: &Seccomp| {
        if let Some(program) = compiled.and_then(|bytes| Program::from_bytes(bytes).ok()) {
            return Ok(program);
        }
        seccomp::compile(profile).map_err(|error| Error::invalid(format!("seccomp profile: {error}")))
    };
    profile.map(compile).transpose()
}

/// The specification's filter compiled, where there is one: as [`crate::Create::filter`] takes it.
///
/// # Errors
/// What the profile says wrong.
pub fn compile_filter(spec: &Spec) -> Result<Option<Vec<u8>>, Error> {
    Ok(read(spec, None)?.map(|program| program.to_bytes()))
}

/// Loads the filter for this process; where it asks an agent, waits until that has the descriptor.
pub(crate) fn load(filter: &Program, channel: &Channel) -> Result<(), Error> {
    let listener = sys::seccomp::load(filter.as_bytes(), filter.flags().into()).step("seccomp: load filter")?;
    match listener {
        None => Ok(()),
        Some(fd) => {
            channel.send(&Message::Listener { fd: fd.as_raw_fd() })?;
            channel.wait_for_go_under_filter()
        }
    }
}
