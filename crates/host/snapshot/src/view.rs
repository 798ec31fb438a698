//! What a container sees, for those outside of it.
//!
//! Nothing is mounted where anybody else would see it, and nothing stays mounted: each look is a thread of its own, in the
//! mount namespace of the container where it runs, else in one of its own that goes with the thread.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    MoveMountFlags, OpenTreeFlags, UnmountFlags, mount_bind, mount_bind_recursive, move_mount, open_tree, unmount,
};
use sys::mount::{Attributes, attr, set_attributes};
use sys::mountns;
use sys::overlay::Overlay;
use sys::path::Kind;

use crate::error::{At, Error};
use crate::store::Writable;

/// A container that does not run.
#[derive(Clone, Debug)]
pub struct Still {
    /// The layers of its image, topmost first; at least one.
    pub lower: Vec<PathBuf>,
    /// What it has written.
    pub writable: Writable,
    /// A directory that may be mounted over.
    pub point: PathBuf,
    /// What is bound into it: source on the host, and target. A target that is not there yet is left out.
    pub binds: Vec<(PathBuf, PathBuf)>,
}

impl Still {
    /// Looks at its root. It may be started meanwhile: nothing is written here.
    pub fn read<T: Send>(&self, work: impl FnOnce(BorrowedFd<'_>) -> T + Send) -> Result<T, Error> {
        let layers: Vec<&Path> = [&self.writable.upper].into_iter().chain(&self.lower).map(PathBuf::as_path).collect();
        self.look(&self.binds, work, || stack(&layers, &self.point))
    }

    /// Looks at its root without what is bound into it.
    pub fn read_bare<T: Send>(&self, work: impl FnOnce(BorrowedFd<'_>) -> T + Send) -> Result<T, Error> {
        let layers: Vec<&Path> = [&self.writable.upper].into_iter().chain(&self.lower).map(PathBuf::as_path).collect();
        self.look(&[], work, || stack(&layers, &self.point))
    }

    /// Changes what is below its root. Nobody else may do so, or start it, meanwhile.
    pub fn write<T: Send>(&self, work: impl FnOnce(BorrowedFd<'_>) -> T + Send) -> Result<T, Error> {
        let writable = Some((self.writable.upper.as_path(), self.writable.work.as_path()));
        let overlay = Overlay { lower: &self.lower, writable, volatile: false };
        self.look(&self.binds, work, || overlay.mount_over(&self.point))
    }

    fn look<T: Send>(
        &self,
        binds: &[(PathBuf, PathBuf)],
        work: impl FnOnce(BorrowedFd<'_>) -> T + Send,
        mount: impl FnOnce() -> Result<OwnedFd, Errno> + Send,
    ) -> Result<T, Error> {
        let looked = mountns::in_new(|| {
            mount().and_then(|_| readable(&self.point)).at("mount the layers over", &self.point).and_then(|root| {
                for (source, target) in binds {
                    bind(&root, source, target).at("bind", source)?;
                }
                Ok(work(root.as_fd()))
            })
        });
        looked.at("look at", &self.point)?
    }
}

/// Looks at the image of a container, without what it has written: the layers topmost first, at least one.
pub fn image<T: Send>(
    lower: &[PathBuf],
    point: &Path,
    work: impl FnOnce(BorrowedFd<'_>) -> T + Send,
) -> Result<T, Error> {
    let looked = mountns::in_new(|| {
        let root = stack(lower, point).and_then(|_| readable(point)).at("mount the layers over", point)?;
        Ok(work(root.as_fd()))
    });
    looked.at("look at", point)?
}

/// Looks at the root of a running container, by its mount namespace.
pub fn live<T: Send>(mounts: BorrowedFd<'_>, work: impl FnOnce(BorrowedFd<'_>) -> T + Send) -> Result<T, Error> {
    let looked = mountns::inside(mounts, || readable(Path::new("/")).map(|root| work(root.as_fd())));
    let root = Path::new("/");
    looked.at("enter the container's mounts at", root)?.at("open", root)
}

/// The same without what is mounted below the root.
pub fn live_bare<T: Send>(mounts: BorrowedFd<'_>, work: impl FnOnce(BorrowedFd<'_>) -> T + Send) -> Result<T, Error> {
    let root = Path::new("/");
    let looked = mountns::inside(mounts, || {
        let bare = open_tree(CWD, root, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(&bare, ".", flags, Mode::empty())?;
        Ok::<_, Errno>(work(root.as_fd()))
    });
    looked.at("enter the container's mounts at", root)?.at("open", root)
}

/// Binds a file or directory of the host into a running container, with what is mounted below it.
///
/// # Errors
/// For a source that is not there, a target that cannot be made, and as of open_tree(2) and move_mount(2).
pub fn bind_live(mounts: BorrowedFd<'_>, source: &Path, target: &Path, read_only: bool) -> Result<(), Error> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, source, flags).at("bind", source)?;
    let set = if read_only { attr::RDONLY } else { 0 };
    set_attributes(tree.as_fd(), true, &Attributes::new(set, 0, PRIVATE)).at("set up the bind of", source)?;
    let kind = if source.is_dir() { Kind::Directory } else { Kind::File };
    let moved = mountns::inside(mounts, || {
        let root = readable(Path::new("/"))?;
        let place = sys::path::ensure(&root, target, kind)?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&tree, "", &place, "", flags)
    });
    moved.at("enter the container's mounts at", target)?.at("mount over", target)
}

/// Takes a mount of a running container away; who has something open in it keeps that. A mount that the container has
/// taken away itself, or its place, is gone already.
///
/// # Errors
/// As of umount2(2), but where nothing is mounted.
pub fn unbind_live(mounts: BorrowedFd<'_>, target: &Path) -> Result<(), Error> {
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(Errno::INVAL).at("unmount", target);
    };
    let done = mountns::inside(mounts, || {
        let root = readable(Path::new("/"))?;
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        // The thread's own working directory: no path is resolved once more.
        rustix::process::fchdir(sys::path::open(&root, parent, OFlags::PATH | OFlags::DIRECTORY)?)?;
        unmount(name, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW)
    });
    match done.at("enter the container's mounts at", target)? {
        Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR) => Ok(()),
        unmounted => unmounted.at("unmount", target),
    }
}

/// `MS_PRIVATE` of linux/mount.h.
const PRIVATE: u64 = 1 << 18;

/// Mounts layers over each other, read-only; overlayfs wants at least two.
fn stack(layers: &[impl AsRef<Path>], point: &Path) -> Result<OwnedFd, Errno> {
    match layers {
        [only] => mount_bind(only.as_ref(), point).and_then(|()| readable(point)),
        lower => Overlay { lower, writable: None, volatile: false }.mount_over(point),
    }
}

fn readable(path: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn bind(root: &OwnedFd, source: &Path, target: &Path) -> Result<(), Errno> {
    match sys::path::open(root, target, OFlags::PATH) {
        Ok(target) => mount_bind_recursive(source, format!("/proc/self/fd/{}", target.as_raw_fd())),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Room {
        root: tempfile::TempDir,
        still: Still,
    }

    fn room() -> Room {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let still = Still {
            lower: vec![path("top"), path("bottom")],
            writable: Writable { upper: path("upper"), work: path("work") },
            point: path("point"),
            binds: vec![(path("bound"), "/data".into()), (path("other"), "/nowhere".into())],
        };
        fs::create_dir(still.lower[1].join("data")).unwrap();
        fs::write(still.lower[0].join("a"), "top").unwrap();
        fs::write(still.lower[1].join("a"), "bottom").unwrap();
        fs::write(still.writable.upper.join("b"), "own").unwrap();
        fs::write(still.binds[0].0.join("c"), "bound").unwrap();
        Room { root, still }
    }

    fn text(root: BorrowedFd<'_>, name: &str) -> Option<String> {
        let file = sys::path::open(root, Path::new(name), OFlags::RDONLY).ok()?;
        std::io::read_to_string(fs::File::from(file)).ok()
    }

    #[test]
    fn a_still_container_is_seen_whole_and_nothing_stays_mounted() {
        let Room { root, still } = room();
        let all = |root: BorrowedFd<'_>| ["a", "b", "data/c"].map(|name| text(root, name).unwrap_or_default());
        assert_eq!(still.read(all).unwrap(), ["top", "own", "bound"]);
        assert_eq!(still.read_bare(all).unwrap(), ["top", "own", ""]);
        assert_eq!(image(&still.lower, &still.point, all).unwrap(), ["top", "", ""]);
        assert_eq!(image(&still.lower[1..], &still.point, all).unwrap(), ["bottom", "", ""]);
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(root.path().to_str().unwrap()));
    }

    #[test]
    fn what_is_written_is_the_container_s_and_reading_changes_nothing() {
        let Room { root: _root, still } = room();
        let create = |root: BorrowedFd<'_>| {
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
            rustix::fs::openat(root, "new", flags, Mode::from_raw_mode(0o644)).map(drop)
        };
        assert_eq!(still.read(create).unwrap(), Err(Errno::ROFS));
        assert_eq!(still.write(create).unwrap(), Ok(()));
        assert!(still.writable.upper.join("new").exists());
        assert!(still.write(|root| text(root, "data/c")).unwrap().is_some());
    }

    #[test]
    fn a_live_one_is_seen_by_its_namespace() {
        let Room { root: _root, still } = room();
        still
            .read(|_| {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                let own = rustix::fs::open("/proc/thread-self/ns/mnt", flags, Mode::empty()).unwrap();
                let point = still.point.strip_prefix("/").unwrap().join("a");
                let point = point.to_str().unwrap();
                assert_eq!(live(own.as_fd(), |root| text(root, point)).unwrap().as_deref(), Some("top"));
                assert_eq!(live_bare(own.as_fd(), |root| text(root, point)).unwrap(), None);
            })
            .unwrap();
    }

    #[test]
    fn a_layer_that_is_gone_is_an_error() {
        let Room { root: _root, still } = room();
        fs::remove_dir_all(&still.lower[0]).unwrap();
        let error = still.read(|_| ()).unwrap_err();
        assert_eq!(error.step, "mount the layers over");
    }
}
