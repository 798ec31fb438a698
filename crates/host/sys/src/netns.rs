//! Network namespaces, always held as descriptors and never as mounted files.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

/// The network namespace of the calling thread. The descriptor is close-on-exec.
pub fn current() -> io::Result<OwnedFd> {
    // `thread-self`, not `self`: a thread may be elsewhere than the process (proc(5)).
    let path = "/proc/thread-self/ns/net";
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Moves the calling thread, and no other, into a new network namespace (unshare(2), `CLONE_NEWNET`).
pub fn enter_new() -> io::Result<()> {
    // SAFETY: `unshare_unsafe` is unsafe only for `UnshareFlags::FILES`, which is not passed; the descriptor table stays
    // shared by all threads.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(())
}

/// Moves the calling thread, and no other, into the network namespace behind `netns` (setns(2)).
pub fn enter(netns: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::thread::move_into_link_name_space(netns, Some(LinkNameSpaceType::Network))?)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::linux::fs::MetadataExt;

    use super::*;

    fn inode(fd: &OwnedFd) -> u64 {
        std::fs::File::from(fd.try_clone().unwrap()).metadata().unwrap().st_ino()
    }

    #[test]
    fn a_thread_goes_into_a_new_namespace_and_comes_back() {
        std::thread::spawn(|| {
            let home = current().unwrap();
            enter_new().unwrap();
            let away = current().unwrap();
            assert_ne!(inode(&home), inode(&away));
            enter(home.as_fd()).unwrap();
            assert_eq!(inode(&home), inode(&current().unwrap()));
        })
        .join()
        .unwrap();
    }
}
