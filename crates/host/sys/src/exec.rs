//! execve(2) and execveat(2).

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Replaces the program of this process. Returns only the error.
pub fn execve(path: &CStr, args: &[CString], env: &[CString]) -> io::Error {
    let args = pointers(args);
    let env = pointers(env);
    // SAFETY: `path` is NUL-terminated; both arrays end with a null pointer, and their strings outlive the call.
    unsafe { libc::execve(path.as_ptr(), args.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// The same with a program given by its descriptor, which may be of any kind: execveat(2), `AT_EMPTY_PATH`.
pub fn execve_file(program: BorrowedFd<'_>, args: &[CString], env: &[CString]) -> io::Error {
    let args = pointers(args);
    let env = pointers(env);
    let (empty, flags) = (c"", libc::AT_EMPTY_PATH);
    // SAFETY: the path is an empty string; both arrays end with a null pointer, and their strings outlive the call.
    unsafe {
        libc::syscall(libc::SYS_execveat, program.as_raw_fd(), empty.as_ptr(), args.as_ptr(), env.as_ptr(), flags);
    }
    io::Error::last_os_error()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}
