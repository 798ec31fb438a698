//! Mount namespaces, entered by a thread that ends when it has done its work.
//!
//! A thread that looks at other mounts has a root and a working directory of its own, and never becomes an ordinary thread
//! of the process again.

use std::io;
use std::os::fd::BorrowedFd;
use std::thread;

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

/// Runs `work` where it sees the mounts of `namespace`, its root being that of the namespace (setns(2), `CLONE_NEWNS`).
///
/// # Errors
/// As of setns(2) and clone(2).
pub fn inside<T: Send>(namespace: BorrowedFd<'_>, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    in_thread(|| {
        // The kernel moves only who shares root and working directory with nobody.
        separate(UnshareFlags::FS)?;
        rustix::thread::move_into_link_name_space(namespace, Some(LinkNameSpaceType::Mount))?;
        Ok(work())
    })
}

/// Runs `work` in a copy of this process's mounts, where what it mounts is seen by nobody else and goes with it.
///
/// # Errors
/// As of unshare(2) and mount(2).
pub fn in_new<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    in_thread(|| {
        separate(UnshareFlags::NEWNS)?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        Ok(work())
    })
}

fn in_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("mounts".into()).spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn separate(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: `unshare_unsafe` is unsafe only for `UnshareFlags::FILES`, which is never passed; the descriptor table stays
    // shared by all threads.
    unsafe { rustix::thread::unshare_unsafe(flags) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::fs::{Mode, OFlags};
    use rustix::mount::{MountFlags, mount};

    use super::*;

    fn current() -> OwnedFd {
        rustix::fs::open("/proc/thread-self/ns/mnt", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    #[test]
    fn what_is_mounted_is_seen_by_its_thread_and_by_who_joins_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        in_new(|| {
            mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), None).unwrap();
            std::fs::write(&file, "").unwrap();
            let namespace = current();
            assert!(inside(namespace.as_fd(), || file.exists()).unwrap());
        })
        .unwrap();
        assert!(!file.exists());
        assert!(inside(std::fs::File::open("/dev/null").unwrap().as_fd(), || ()).is_err());
    }
}
