//! Overlay file systems by mount(2): all layers in one page of options.

use std::ffi::CString;
use std::fmt::Write as _;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};

/// Layers, and what is written above them.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a, P> {
    /// The topmost first; at least two where nothing is written.
    pub lower: &'a [P],
    /// The upper and the work directory; without them the mount is read-only.
    pub writable: Option<(&'a Path, &'a Path)>,
    /// Nothing written through it is ever synced: Documentation/filesystems/overlayfs.rst, "Volatile mount".
    pub volatile: bool,
}

impl<P: AsRef<Path>> Overlay<'_, P> {
    /// Mounts it over `point`, and opens its root. Layers go in as names of descriptors, so that about 240 fit.
    ///
    /// # Errors
    /// As of open(2) and mount(2).
    pub fn mount_over(&self, point: &Path) -> Result<OwnedFd, Errno> {
        let mut held = Vec::new();
        let mut name = |path: &Path| -> Result<String, Errno> {
            let fd = open_directory(path)?;
            let name = format!("/proc/self/fd/{}", fd.as_raw_fd());
            held.push(fd);
            Ok(name)
        };
        let lower = self.lower.iter().map(|path| name(path.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let mut data = format!("lowerdir={}", lower.join(":"));
        if let Some((upper, work)) = self.writable {
            let _ = write!(data, ",upperdir={},workdir={}", name(upper)?, name(work)?);
        }
        if self.volatile {
            data.push_str(",volatile");
        }
        let data = CString::new(data).map_err(|_| Errno::INVAL)?;
        mount(c"overlay", point, c"overlay", MountFlags::empty(), data.as_c_str())?;
        open_directory(point)
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}
