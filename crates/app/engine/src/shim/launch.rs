//! Starts a shim: writes its orders into the bundle and spawns the small program that the daemon holds sealed.

use std::fs;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use fault::{Result, Step};
use shim_proto::{Launch, file};

/// Descriptor of the network namespace in the shim.
const NETNS_FD: i32 = 3;
/// First of the descriptors that the shim only holds.
const FIRST_HELD_FD: i32 = 4;

/// All that a shim is started with.
pub struct Order<'a> {
    /// The sealed program.
    pub program: BorrowedFd<'a>,
    /// Where its files go; made here.
    pub bundle: PathBuf,
    /// The container's specification.
    pub spec: oci::runtime::Spec,
    /// Its own orders; the descriptor numbers are filled in here.
    pub orders: Launch,
    /// The network namespace to join.
    pub netns: Option<OwnedFd>,
    /// What it holds open as long as it lives.
    pub hold: Vec<OwnedFd>,
}

/// A shim that was spawned and is setting its container up.
pub struct Launched {
    /// The daemon's end of the control connection.
    pub control: UnixStream,
    /// The shim.
    pub pidfd: OwnedFd,
}

/// Writes the bundle and spawns the shim. Blocks for about a millisecond.
pub fn launch(mut order: Order<'_>) -> Result<Launched> {
    order.orders.netns_fd = order.netns.as_ref().map(|_| NETNS_FD);
    order.orders.hold_fds = (FIRST_HELD_FD..).take(order.hold.len()).collect();
    write_bundle(&order)?;
    let (ours, theirs) = UnixStream::pair().step("make the shim's control socket")?;
    let log = open_log(&order.bundle.join(file::LOG)).step("open the shim's log")?;
    let mut fds: Vec<(BorrowedFd<'_>, i32)> = vec![(theirs.as_fd(), 0), (log.as_fd(), 1), (log.as_fd(), 2)];
    fds.extend(order.netns.iter().map(|fd| (fd.as_fd(), NETNS_FD)));
    fds.extend(order.hold.iter().map(AsFd::as_fd).zip(FIRST_HELD_FD..));
    let args = [c"shim".to_owned(), argument(order.bundle.clone())?];
    let child = sys::spawn::spawn(order.program, &args, &fds).step("spawn the shim")?;
    ours.set_nonblocking(true).step("set up the shim's control socket")?;
    Ok(Launched { control: ours, pidfd: child.pidfd })
}

fn argument(path: PathBuf) -> Result<std::ffi::CString> {
    std::ffi::CString::new(path.into_os_string().into_vec()).step("name the bundle")
}

fn open_log(path: &Path) -> std::io::Result<fs::File> {
    fs::File::options().create(true).append(true).mode(0o600).open(path)
}

fn write_bundle(order: &Order<'_>) -> Result<()> {
    let bundle = &order.bundle;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(bundle).step(format_args!("make {}", bundle.display()))?;
    for stale in [file::SOCKET, file::STATE] {
        let _ = fs::remove_file(bundle.join(stale));
    }
    write_json(&bundle.join(file::CONFIG), &order.spec)?;
    write_json(&bundle.join(file::LAUNCH), &order.orders)
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value).step(format_args!("write {}", path.display()))?;
    let file = fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(&bytes)).step(format_args!("write {}", path.display()))
}
