//! Tells when the log has changed: inotify(7) on its directory.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};

#[derive(Debug)]
pub(super) struct Wake(OwnedFd);

impl Wake {
    /// Watches the directory of `path`, so that rotation is seen as well as writing.
    pub(super) fn on(path: &Path) -> io::Result<Self> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let changes = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        add_watch(&inotify, directory, changes)?;
        Ok(Self(inotify))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Forgets the changes until now; tells whether there were any.
    pub(super) fn clear(&self) -> bool {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.0, &mut space);
        let mut any = false;
        while events.next().is_ok() {
            any = true;
        }
        any
    }
}
