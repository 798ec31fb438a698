//! The container's terminal: from its own devpts, checked to be one, never looked up by name twice.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use oci::runtime::ConsoleSize;
use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use sys::path::{self, Kind};

use super::tree;
use crate::Error;
use crate::error::Step;
use crate::process::init::Init;
use crate::process::message::Message;
use crate::request::Io;

/// `DEVPTS_SUPER_MAGIC` of linux/magic.h.
const DEVPTS_MAGIC: u64 = 0x1cd1;

/// Both ends of a terminal.
pub(crate) struct Console {
    pub master: OwnedFd,
    pub slave: OwnedFd,
}

/// Opens a terminal in the file system below `root`. The peer comes from the master by ioctl and not by its name, which
/// somebody could have put something else under (CVE-2025-52565).
pub(crate) fn open(root: BorrowedFd<'_>, size: Option<&ConsoleSize>) -> Result<Console, Error> {
    let pts =
        path::open(root, Path::new("/dev/pts"), OFlags::PATH | OFlags::DIRECTORY).step("terminal: open `/dev/pts`")?;
    if fs::fstatfs(&pts).step("terminal: stat `/dev/pts`")?.f_type as u64 != DEVPTS_MAGIC {
        return Err(Error::invalid("terminal: `/dev/pts` is no devpts file system"));
    }
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let master = fs::openat(&pts, c"ptmx", flags, Mode::empty()).step("terminal: open `/dev/pts/ptmx`")?;
    unlockpt(&master).step("terminal: unlock")?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let slave = ioctl_tiocgptpeer(&master, flags).step("terminal: open")?;
    if let Some(size) = size {
        let size = Winsize { ws_row: size.height, ws_col: size.width, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).step("terminal: set size")?;
    }
    Ok(Console { master, slave })
}

/// Gives PID 1 its terminal, sends the other end to the caller, and shows it as `/dev/console`.
pub(crate) fn make(init: &mut Init<'_>) -> Result<(), Error> {
    if !matches!(init.plan.request.io, Io::Terminal) {
        return Ok(());
    }
    let console = open(init.root(), init.plan.job.process.console_size.as_ref())?;
    if !init.plan.brings_own_dev() {
        show(init, &console.slave)?;
    }
    init.channel.send_with(&Message::Console, console.master.as_fd())?;
    init.terminal = Some(console.slave);
    Ok(())
}

fn show(init: &Init<'_>, slave: &OwnedFd) -> Result<(), Error> {
    let dev = path::ensure(init.root(), Path::new("/dev"), Kind::Directory).step("open `/dev`")?;
    match fs::mknodat(&dev, c"console", FileType::RegularFile, Mode::from_raw_mode(0o600), 0) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error).step("create `/dev/console`"),
    }
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let target = fs::openat(&dev, c"console", flags, Mode::empty()).step("open `/dev/console`")?;
    if FileType::from_raw_mode(fs::fstat(&target).step("stat `/dev/console`")?.st_mode) == FileType::Symlink {
        return Err(Error::invalid("`/dev/console` is a link"));
    }
    let tree = tree::copy_of(slave.as_fd(), false).step("mount `/dev/console`")?;
    tree::attach(&tree, target.as_fd()).step("mount `/dev/console`")
}
