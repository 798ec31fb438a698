//! The session keyring: the container must not see the caller's.

use std::ffi::CString;

use rustix::io::Errno;

use crate::Error;
use crate::error::Step;

/// Joins a session keyring of the container's own.
pub(crate) fn join(id: &str) -> Result<(), Error> {
    let name = CString::new(format!("_ses.{id}")).map_err(|_| Error::invalid("container id holds a NUL byte"))?;
    match sys::keyring::join_session(&name) {
        // A kernel without keyrings has none to leak.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOSYS) => Ok(()),
        result => result.step("join session keyring"),
    }
}
