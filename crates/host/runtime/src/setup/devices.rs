//! `/dev`: the nodes every program expects, those of the specification, and the usual links.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use oci::runtime::Device;
use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use sys::clone::flag;
use sys::path::{self, Kind};

use super::tree;
use crate::Error;
use crate::error::Step;
use crate::process::init::Init;

/// Default devices of the specification (config-linux.md): name, major, minor.
const DEFAULTS: [(&str, i64, i64); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Links of the specification.
const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    (PTMX, "pts/ptmx"),
    // Not the specification's, but every runtime's; what it leads to is masked for all but privileged containers.
    ("core", "/proc/kcore"),
];

/// Always the container's own.
const PTMX: &str = "ptmx";

/// Makes nodes and links, unless the caller brought a whole `/dev`.
pub(crate) fn make(init: &mut Init<'_>) -> Result<(), Error> {
    if init.plan.brings_own_dev() {
        return Ok(());
    }
    // Held open from here on, so that no link can lead the nodes elsewhere (CVE-2026-41579).
    let dev = path::ensure(init.root(), Path::new("/dev"), Kind::Directory).step("open `/dev`")?;
    for (name, major, minor) in DEFAULTS {
        let path = Path::new("/dev").join(name);
        let kind = "c".to_owned();
        let device = Device { kind, path, major, minor, file_mode: Some(0o666), uid: None, gid: None };
        node(init, &dev, name.as_ref(), &device)?;
    }
    for (name, target) in LINKS {
        match fs::symlinkat(target, &dev, name) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error).step(format_args!("link `/dev/{name}`")),
        }
    }
    init.plan.linux.devices.iter().try_for_each(|device| listed(init, device))
}

fn listed(init: &Init<'_>, device: &Device) -> Result<(), Error> {
    let path = crate::plan::clean(&device.path);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::invalid(format!("device {:?} has no name", device.path)));
    };
    if path == Path::new("/dev").join(PTMX) {
        // Privileged containers name all of the host's nodes, and this one would make terminals of the host.
        return Ok(());
    }
    let parent = path::ensure(init.root(), parent, Kind::Directory)
        .step(format_args!("create directory of device `{}`", path.display()))?;
    node(init, &parent, name, device)
}

fn node(init: &Init<'_>, parent: &OwnedFd, name: &std::ffi::OsStr, device: &Device) -> Result<(), Error> {
    let step = || format!("create device `{}`", device.path.display());
    if init.plan.namespaces.has(flag::NEWUSER) {
        return bind_from_host(parent, name, device).step(step());
    }
    let kind = match device.kind.as_str() {
        "c" | "u" => FileType::CharacterDevice,
        "b" => FileType::BlockDevice,
        "p" => FileType::Fifo,
        kind => return Err(Error::invalid(format!("{}: type `{kind}` is none of c, b, u, p", step()))),
    };
    let number = |value: i64| u32::try_from(value).map_err(|_| Error::invalid(format!("{}: number {value}", step())));
    let wanted = match kind {
        FileType::Fifo => 0,
        _ => fs::makedev(number(device.major)?, number(device.minor)?),
    };
    let mode = Mode::from_raw_mode(device.file_mode.unwrap_or(0o666) & 0o7777);
    match fs::mknodat(parent, name, kind, mode, wanted) {
        Ok(()) => {}
        Err(Errno::EXIST) => {
            let there = fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).step(step())?;
            let same = FileType::from_raw_mode(there.st_mode) == kind && there.st_rdev == wanted;
            return if same { Ok(()) } else { Err(Error::invalid(format!("{}: something else is there", step()))) };
        }
        Err(error) => return Err(error).step(step()),
    }
    if device.uid.unwrap_or(0) == 0 && device.gid.unwrap_or(0) == 0 {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(device.uid.unwrap_or(0)), Gid::from_raw(device.gid.unwrap_or(0)));
    fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).step(step())
}

/// In a user namespace nodes cannot be made; the host's own are shown.
fn bind_from_host(parent: &OwnedFd, name: &std::ffi::OsStr, device: &Device) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let target = fs::openat(parent, name, flags, Mode::from_raw_mode(0o600))?;
    let source = tree::copy(&device.path, false)?;
    tree::attach(&source, target.as_fd())
}
