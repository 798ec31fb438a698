//! The face of the OCI runtime: the small program that this one carries, executed in this one's place.
//!
//! Mostly this is never reached: the small program lies below [`CARRIED`], and is executed before this one has begun
//! ([`sys::entry`]). Here it is put there, for the next time; where that cannot be, it is executed from memory.

use std::ffi::{CString, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sys::entry::{CARRIED, carried};

/// How many programs are kept: those of this one, of a newer and of an older version, and of one that is developed.
const KEPT: usize = 4;

/// Becomes the runtime. It runs from memory this time, so that no container can get at this program's file (CVE-2019-5736).
pub fn main(args: Vec<OsString>) -> ExitCode {
    // Another user, or a /run that cannot be written: it goes without.
    let _ = fs::metadata("/proc/self/exe").and_then(|own| put(&carried(&own)));
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

/// Puts the small program to `path`, as a whole or not at all.
fn put(path: &Path) -> io::Result<()> {
    let folder = own_folder(Path::new(CARRIED))?;
    let new = folder.join(format!("{}.new", std::process::id()));
    let written = write(&new).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
        return written;
    }
    forget_oldest(&folder)
}

/// The folder, which nobody else can write.
fn own_folder(folder: &Path) -> io::Result<PathBuf> {
    match DirBuilder::new().mode(0o755).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(folder)?;
    let is_ours = found.is_dir() && found.uid() == 0 && found.mode() & 0o022 == 0;
    if is_ours { Ok(folder.to_owned()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn write(new: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o755).open(new)?;
    file.write_all(crate::STAGE)
}

fn forget_oldest(folder: &Path) -> io::Result<()> {
    let age = |entry: &fs::DirEntry| entry.metadata().and_then(|found| found.modified()).ok();
    let mut all: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| (age(&entry), entry.path())).collect();
    all.sort();
    let many = all.len().saturating_sub(KEPT);
    all.iter().take(many).try_for_each(|(_, path)| fs::remove_file(path))
}
