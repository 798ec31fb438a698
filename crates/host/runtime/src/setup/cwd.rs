//! The working directory.

use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{fchdir, getcwd};
use sys::path::{self, Kind};

use crate::Error;
use crate::error::{Step, cause};
use crate::job::Job;
use crate::process::init::Init;

/// Makes the working directory where it is missing, as long as the root can be written.
pub(crate) fn make(init: &mut Init<'_>) -> Result<(), Error> {
    let cwd = &init.plan.job.process.cwd;
    if cwd == Path::new("/") {
        return Ok(());
    }
    path::ensure(init.root(), cwd, Kind::Directory).map(drop).map_err(|error| refusal(cwd, error))
}

/// When it is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// With the maker's rights: a directory that the user may not enter is a legal start.
    First,
    /// With the user's: on a network file system it may be root who is refused.
    Last,
}

/// Enters the working directory; whether that worked, where there is another attempt. It is opened without magic links
/// and checked to lie below the root, so that no descriptor can lead out (CVE-2024-21626).
pub(crate) fn enter(job: &Job<'_>, attempt: Attempt) -> Result<bool, Error> {
    let cwd = &job.process.cwd;
    let root =
        rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).step("open `/`")?;
    let opened = path::open(&root, cwd, OFlags::PATH | OFlags::DIRECTORY);
    match opened.and_then(fchdir) {
        Ok(()) => verify().map(|()| true),
        Err(Errno::ACCESS | Errno::PERM) if attempt == Attempt::First => Ok(false),
        Err(error) => Err(refusal(cwd, error)),
    }
}

/// The kernel prefixes what lies outside of the root with `(unreachable)`: getcwd(3).
fn verify() -> Result<(), Error> {
    let inside = getcwd(Vec::new()).is_ok_and(|path| path.as_bytes().starts_with(b"/"));
    if inside {
        return Ok(());
    }
    Err(Error::system("current working directory is outside of container mount namespace root"))
}

fn refusal(cwd: &Path, error: Errno) -> Error {
    let cwd = cwd.display();
    Error::invalid(format!("chdir to cwd (\"{cwd}\") set in config.json failed: {}", cause(error)))
}
