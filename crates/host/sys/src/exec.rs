//! execve(2).

use std::ffi::{CStr, CString};
use std::io;
use std::ptr;

/// Replaces the program of this process. Returns only the error.
pub fn execve(path: &CStr, args: &[CString], env: &[CString]) -> io::Error {
    let args = pointers(args);
    let env = pointers(env);
    // SAFETY: `path` is NUL-terminated; both arrays end with a null pointer, and their strings outlive the call.
    unsafe { libc::execve(path.as_ptr(), args.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}
