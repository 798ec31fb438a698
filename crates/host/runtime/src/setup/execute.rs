//! The program: found as Go's `exec.LookPath` does, which is what Docker's users see, and executed.

use std::convert::Infallible;
use std::ffi::{CString, OsStr};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{self, Access, AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{identity, seccomp};
use crate::error::{Step, cause};
use crate::job::Job;
use crate::process::message::Channel;
use crate::{Error, ErrorKind};

/// `/etc/passwd` is read up to this size in bytes.
const LONGEST_PASSWD: u64 = 1 << 20;

/// A program that was there a moment ago.
#[derive(Debug)]
pub(crate) struct Program(CString);

/// Finds the program in the container with the rights of its user.
///
/// # Errors
/// `exec: "x": executable file not found in $PATH` and its kin, of kinds [`ErrorKind::NotFound`] and
/// [`ErrorKind::NotExecutable`].
pub(crate) fn find(job: &Job<'_>) -> Result<Program, Error> {
    let name = job.process.args[0].as_str();
    let fail = |kind, why: String| Err(Error::new(kind, format!("exec: {name:?}: {why}")));
    if name.contains('/') {
        return match check(Path::new(name)) {
            Ok(()) => program(Path::new(name)),
            Err((Failed::Stat, Errno::NOENT)) => {
                fail(ErrorKind::NotFound, format!("stat {name}: {}", cause(Errno::NOENT)))
            }
            Err((Failed::Stat, error)) => fail(ErrorKind::NotExecutable, format!("stat {name}: {}", cause(error))),
            Err((Failed::Access, error)) => fail(ErrorKind::NotExecutable, cause(error)),
        };
    }
    let path = job.variable("PATH").unwrap_or_default();
    for directory in path.split(':') {
        let directory = if directory.is_empty() { "." } else { directory };
        let candidate = Path::new(directory).join(name);
        if check(&candidate).is_ok() {
            if !directory.starts_with('/') {
                let why = "cannot run executable found relative to current directory";
                return fail(ErrorKind::NotExecutable, why.to_owned());
            }
            return program(&candidate);
        }
    }
    fail(ErrorKind::NotFound, "executable file not found in $PATH".to_owned())
}

fn program(path: &Path) -> Result<Program, Error> {
    let path = CString::new(path.as_os_str().as_bytes());
    path.map(Program).map_err(|_| Error::invalid("exec: path holds a NUL byte"))
}

/// Which question was answered by no.
enum Failed {
    Stat,
    Access,
}

fn check(path: &Path) -> Result<(), (Failed, Errno)> {
    let stat = fs::stat(path).map_err(|error| (Failed::Stat, error))?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Err((Failed::Access, Errno::ISDIR));
    }
    fs::accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).map_err(|error| (Failed::Access, error))
}

/// The environment, with a home where none is given: that of the user in the container's `/etc/passwd`, else `/`.
pub(crate) fn environment(job: &Job<'_>) -> Vec<CString> {
    let mut env = job.env.clone();
    if job.variable("HOME").is_none_or(str::is_empty) {
        env.retain(|entry| !entry.as_bytes().starts_with(b"HOME="));
        let home = home(job.process.user.uid).unwrap_or_else(|| "/".to_owned());
        env.extend(CString::new(format!("HOME={home}")));
    }
    env
}

/// A small file of the container's is read here and nothing of it is executed or loaded (CVE-2019-14271).
fn home(uid: u32) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::open("/etc/passwd", flags, Mode::empty()).ok()?;
    if FileType::from_raw_mode(fs::fstat(&file).ok()?.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut text = Vec::new();
    std::fs::File::from(file).take(LONGEST_PASSWD).read_to_end(&mut text).ok()?;
    home_in(&text, uid)
}

fn home_in(passwd: &[u8], uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let home = passwd.split(|&byte| byte == b'\n').find_map(|line| {
        let fields: Vec<_> = line.split(|&byte| byte == b':').collect();
        (fields.len() >= 6 && fields[2] == uid.as_bytes()).then(|| fields[5])
    })?;
    let home = OsStr::from_bytes(home).to_str().filter(|home| !home.is_empty())?;
    Some(home.to_owned())
}

/// Does what has to be last, and executes.
pub(crate) fn run(
    job: &Job<'_>,
    program: &Program,
    env: &[CString],
    preserve: u32,
    channel: &Channel,
) -> Result<Infallible, Error> {
    sys::signal::reset_dispositions();
    sys::signal::unblock_all().step("unblock signals")?;
    // All of ours close on exec already; this is for what a library may have opened.
    sys::fd::close_on_exec_from(3 + preserve as i32).step("close descriptors")?;
    if let Some(filter) = job.filter {
        seccomp::load(filter, channel)?;
        identity::drop_last(job)?;
    }
    let error = sys::exec::execve(&program.0, &job.args, env);
    let error = Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let kind = if error == Errno::NOENT { ErrorKind::NotFound } else { ErrorKind::NotExecutable };
    Err(Error::new(kind, format!("exec {}: {}", program.0.to_string_lossy(), cause(error))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_by_id_and_broken_lines_are_passed() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\nbroken:0\nu:x:1000:1000::/home/u:\nn:x:7:7:::\n";
        assert_eq!(home_in(passwd, 1000).as_deref(), Some("/home/u"));
        assert_eq!(home_in(passwd, 0).as_deref(), Some("/root"));
        assert_eq!((home_in(passwd, 7), home_in(passwd, 8)), (None, None));
    }
}
