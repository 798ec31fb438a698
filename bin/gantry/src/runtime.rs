//! The face of the OCI runtime: the small program that this one carries, executed in this one's place.

use std::ffi::{CString, OsString};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;

/// Becomes the runtime. It runs from sealed memory, so that no container can get at this program's file (CVE-2019-5736).
pub fn main(args: Vec<OsString>) -> ExitCode {
    let text = |text: Vec<u8>| CString::new(text).unwrap_or_default();
    let args: Vec<CString> = args.into_iter().map(|arg| text(arg.into_vec())).collect();
    let variable = |(name, value): (OsString, OsString)| text([name.into_vec(), vec![b'='], value.into_vec()].concat());
    let env: Vec<CString> = std::env::vars_os().map(variable).collect();
    let error = match sys::memfd::sealed(crate::STAGE, c"gantry-runc") {
        Ok(program) => sys::exec::execve_file(program.as_fd(), &args, &env),
        Err(error) => error,
    };
    eprintln!("gantry-runc: execute the runtime: {error}");
    ExitCode::FAILURE
}
