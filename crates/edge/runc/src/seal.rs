//! Keeps this program's file out of reach of what runs in a container.
//!
//! A container can get at the file of a process that enters it, through `/proc/<pid>/exe` or by executing
//! `/proc/self/exe`, and could write it once nobody runs it any more (CVE-2019-5736). So what enters runs from a file that
//! cannot be written: one in sealed memory, or the program's own file seen through a read-only mount that is attached
//! nowhere. The mount costs no copy, and is what root can make; others have no rights on the file in the first place.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;

use rustix::fs::{self, Mode, OFlags, SealFlags, StatVfsMountFlags};
use rustix::mount::{OpenTreeFlags, open_tree};
use sys::mount::{Attributes, attr, set_attributes};

use crate::error::{Error, Step as _};

/// Marks the second start: there is no third.
const SEALED: &str = "_GANTRY_RUNC_SEALED";

/// Returns where this program's file cannot be written; else starts the program again from one that cannot.
pub fn ensure(args: &[String]) -> Result<(), Error> {
    const STEP: &str = "protect the runtime's own program";
    let own = fs::open("/proc/self/exe", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).step(STEP)?;
    if is_sealed(&own)? {
        return Ok(());
    }
    if std::env::var_os(SEALED).is_some() {
        return Err(Error::new(format!("{STEP}: it can be written even where it was put out of reach")));
    }
    let safe = read_only(&own).or_else(|_| in_memory()).step(STEP)?;
    Err(Error::new(format!("{STEP}: {}", start_again(&safe, args))))
}

fn is_sealed(own: &OwnedFd) -> Result<bool, Error> {
    let mount = fs::fstatvfs(own).step("look at the runtime's own program")?;
    if mount.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Ok(true);
    }
    let file = fs::open("/proc/self/exe", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let seals = file.and_then(|file| fs::fcntl_get_seals(&file));
    Ok(seals.is_ok_and(|seals| seals.contains(SealFlags::WRITE)))
}

/// The same file through a mount of its own that nobody can write through.
fn read_only(own: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(own, c"", flags)?;
    set_attributes(tree.as_fd(), false, &Attributes::new(attr::RDONLY, 0, 0))?;
    Ok(tree)
}

fn in_memory() -> io::Result<OwnedFd> {
    sys::memfd::sealed(&std::fs::read("/proc/self/exe")?, c"gantry-runc")
}

/// Returns only the error.
fn start_again(program: &OwnedFd, args: &[String]) -> io::Error {
    let text = |text: Vec<u8>| CString::new(text).unwrap_or_default();
    let args: Vec<CString> =
        ["gantry-runc"].into_iter().chain(args.iter().map(String::as_str)).map(|arg| text(arg.into())).collect();
    let own = std::env::vars_os().map(|(name, value)| text([name.into_vec(), vec![b'='], value.into_vec()].concat()));
    let env: Vec<CString> = own.chain([text(format!("{SEALED}=1").into())]).collect();
    sys::exec::execve_file(program.as_fd(), &args, &env)
}
