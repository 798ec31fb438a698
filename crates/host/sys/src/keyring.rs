//! Session keyrings: keyctl(2).

use std::ffi::CStr;
use std::io;

/// `KEYCTL_JOIN_SESSION_KEYRING` of linux/keyctl.h.
const JOIN_SESSION_KEYRING: libc::c_int = 1;

/// Leaves the inherited session keyring for a keyring named `name`, made where there is none of that name.
pub fn join_session(name: &CStr) -> io::Result<()> {
    // SAFETY: keyctl(2) reads the NUL-terminated name, which outlives the call, and writes nothing.
    super::check(unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, name.as_ptr()) }).map(drop)
}
