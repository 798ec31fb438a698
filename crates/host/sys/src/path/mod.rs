//! Paths inside a root that somebody else may have filled: the one way to resolve them.
//!
//! A container's file system holds links of any kind, and other processes may swap them while we look. So nothing is
//! resolved by text: openat2(2) with `RESOLVE_IN_ROOT` gives a descriptor whose object lies below the root, magic links
//! are never followed, and what is missing is made in a directory that is held open. Later steps use the descriptor.

mod walk;

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// More links than this on one way are a loop: path_resolution(7) has the same bound.
const MAX_LINKS: usize = 40;

/// Opens what `path` names inside `root`, absolute or not, following links as a process rooted there would.
///
/// # Errors
/// `ENOENT` where it is missing, `ELOOP` for a magic link (`/proc/<pid>/fd/<n>`), else as of openat2(2).
pub fn open(root: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    resolve(root, path, flags, ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
}

/// Opens what `path` names inside `root`, where no component may be a link.
///
/// # Errors
/// `ELOOP` for a link of any kind, else as [`open`].
pub fn open_plain(root: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    resolve(root, path, flags, ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS)
}

/// Opens what `path` names inside `root` by the rules of openat2(2), which are kept without it, too. Magic links are never
/// followed; `how` has `IN_ROOT` or `BENEATH`.
///
/// # Errors
/// As of openat2(2).
pub fn resolve(root: impl AsFd, path: impl AsRef<Path>, flags: OFlags, how: ResolveFlags) -> Result<OwnedFd, Errno> {
    let (root, path, flags) = (root.as_fd(), path.as_ref(), flags | OFlags::CLOEXEC);
    let how = how | ResolveFlags::NO_MAGICLINKS;
    match retry(|| fs::openat2(root, path, flags, Mode::empty(), how)) {
        // Before Linux 5.6, and below filters that do not know it.
        Err(Errno::NOSYS) => walk::open(root, path, flags, how),
        result => result,
    }
}

/// A rename anywhere on the host makes a `..` inside a root uncertain: openat2(2) says to try again.
fn retry(mut call: impl FnMut() -> Result<OwnedFd, Errno>) -> Result<OwnedFd, Errno> {
    for _ in 0..MAX_LINKS {
        match call() {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
    call()
}

/// Where `path` leads inside `root` when all links are followed, as text from the root without a slash in front. What is
/// missing is taken as it stands.
///
/// # Errors
/// `ELOOP` for too many links, else as of openat2(2).
pub fn follow(root: impl AsFd, path: &Path) -> Result<PathBuf, Errno> {
    let mut walk = Walk::new(root.as_fd(), path);
    while let Some(name) = walk.todo.pop_front() {
        if name == ".." {
            walk.done.pop();
            continue;
        }
        match walk.here().and_then(|parent| fs::readlinkat(&parent, &name, Vec::new())) {
            Ok(target) => walk.turn(&OsString::from_vec(target.into_bytes()))?,
            Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR) => walk.done.push(name),
            Err(error) => return Err(error),
        }
    }
    Ok(walk.done)
}

/// What [`ensure`] makes where nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory, mode 0755.
    Directory,
    /// An empty regular file, mode 0644.
    File,
}

/// Opens `path` inside `root` with `O_PATH`; what is missing on the way is made: directories, and at the end `kind`.
/// What exists is taken as it is, of whatever kind. Links are followed inside the root even if they dangle.
///
/// # Errors
/// `ENOTDIR` where a file is in the way, `ELOOP` for a magic link or too many links, else as of openat2(2), mkdirat(2).
pub fn ensure(root: impl AsFd, path: &Path, kind: Kind) -> Result<OwnedFd, Errno> {
    match open(&root, path, OFlags::PATH) {
        Err(Errno::NOENT) => match make_last(&root, path, kind) {
            Err(Errno::NOENT | Errno::EXIST) => Walk::new(root.as_fd(), path).run(kind),
            result => result,
        },
        result => result,
    }
}

/// Makes the last component where only that is missing, as mostly; `ENOENT` where more is, `EXIST` where it is a link
/// that dangles, or somebody was faster.
fn make_last(root: &impl AsFd, path: &Path, kind: Kind) -> Result<OwnedFd, Errno> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::NOENT) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let parent = open(root, parent, OFlags::PATH | OFlags::DIRECTORY)?;
    make(&parent, name, kind)?;
    open_plain(&parent, Path::new(name), OFlags::PATH)
}

/// A walk down a path, one component after another, making what is missing.
struct Walk<'a> {
    root: rustix::fd::BorrowedFd<'a>,
    /// The way so far, relative to the root and free of links.
    done: PathBuf,
    /// What is still to go; `..` may be among it.
    todo: VecDeque<OsString>,
    links: usize,
}

impl<'a> Walk<'a> {
    fn new(root: rustix::fd::BorrowedFd<'a>, path: &Path) -> Self {
        Self { root, done: PathBuf::new(), todo: components(path.as_os_str()).collect(), links: 0 }
    }

    fn run(mut self, kind: Kind) -> Result<OwnedFd, Errno> {
        while let Some(name) = self.todo.pop_front() {
            if name == ".." {
                self.done.pop();
                continue;
            }
            let parent = self.here()?;
            let wanted = if self.todo.is_empty() { kind } else { Kind::Directory };
            let child = open_or_make(&parent, &name, wanted)?;
            if FileType::from_raw_mode(fs::fstat(&child)?.st_mode) == FileType::Symlink {
                self.follow(&child)?;
            } else {
                self.done.push(name);
            }
        }
        self.here()
    }

    /// Opens the place reached so far. A component that became a link in the meantime is an error, not a way out.
    fn here(&self) -> Result<OwnedFd, Errno> {
        let path = if self.done.as_os_str().is_empty() { Path::new(".") } else { &self.done };
        open_plain(self.root, path, OFlags::PATH)
    }

    fn follow(&mut self, link: &OwnedFd) -> Result<(), Errno> {
        if fs::fstatfs(link)?.f_type == fs::PROC_SUPER_MAGIC {
            return Err(Errno::LOOP);
        }
        self.turn(&OsString::from_vec(fs::readlinkat(link, c"", Vec::new())?.into_bytes()))
    }

    /// Goes where a link in the place reached so far leads.
    fn turn(&mut self, target: &OsStr) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::LOOP);
        }
        if target.as_bytes().starts_with(b"/") {
            self.done.clear();
        }
        for component in components(target).collect::<Vec<_>>().into_iter().rev() {
            self.todo.push_front(component);
        }
        Ok(())
    }
}

fn components(path: &OsStr) -> impl Iterator<Item = OsString> {
    Path::new(path).components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

fn open_or_make(parent: &OwnedFd, name: &OsStr, kind: Kind) -> Result<OwnedFd, Errno> {
    let open = || fs::openat(parent, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    match open() {
        Err(Errno::NOENT) => {}
        result => return result,
    }
    match make(parent, name, kind) {
        // Somebody was faster: take theirs.
        Ok(()) | Err(Errno::EXIST) => open(),
        Err(error) => Err(error),
    }
}

fn make(parent: &OwnedFd, name: &OsStr, kind: Kind) -> Result<(), Errno> {
    match kind {
        Kind::Directory => fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)),
        Kind::File => fs::mknodat(parent, name, FileType::RegularFile, Mode::from_raw_mode(0o644), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sys-path-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("root")).unwrap();
            std::fs::create_dir_all(path.join("canary")).unwrap();
            Self(path)
        }

        fn root(&self) -> OwnedFd {
            std::fs::File::open(self.0.join("root")).unwrap().into()
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Runs a check with openat2(2) and without it.
    fn both_ways(check: impl Fn() + Send + Sync) {
        check();
        std::thread::scope(|scope| {
            let without = scope.spawn(|| {
                // struct sock_filter of linux/filter.h: load the number; if it is openat2's, ENOSYS; else allow.
                const NUMBER: u32 = libc::SYS_openat2 as u32;
                let program =
                    [(0x20, 0, 0, 0), (0x15, 0, 1, NUMBER), (0x06, 0, 0, 0x0005_0000 | 38), (0x06, 0, 0, 0x7fff_0000)];
                let bytes = program.into_iter().flat_map(|(code, yes, no, value): (u16, u8, u8, u32)| {
                    let [value, code] = [value.to_ne_bytes().to_vec(), code.to_ne_bytes().to_vec()];
                    [code, vec![yes, no], value].concat()
                });
                rustix::thread::set_no_new_privs(true).unwrap();
                crate::seccomp::load(&bytes.collect::<Vec<u8>>(), 0).unwrap();
                let refused = fs::openat2(fs::CWD, c".", OFlags::PATH, Mode::empty(), ResolveFlags::empty());
                assert_eq!(refused.unwrap_err(), Errno::NOSYS);
                check();
            });
            without.join().unwrap();
        });
    }

    #[test]
    fn links_to_the_outside_lead_to_the_inside() {
        both_ways(|| {
            let tree = Tree::new("links");
            let root = tree.root();
            symlink(tree.0.join("canary"), tree.0.join("root/absolute")).unwrap();
            symlink("../../../../canary", tree.0.join("root/relative")).unwrap();
            symlink("relative", tree.0.join("root/twice")).unwrap();
            for name in ["/absolute/a", "relative/b", "twice/c", "../../relative/d", "/absolute/../../e/f"] {
                ensure(&root, Path::new(name), Kind::File).unwrap();
            }
            assert_eq!(std::fs::read_dir(tree.0.join("canary")).unwrap().count(), 0);
            let inside = tree.0.strip_prefix("/").unwrap().join("canary/a");
            assert!(tree.0.join("root").join(inside).is_file());
            assert!(tree.0.join("root/canary/c").is_file());
            assert!(tree.0.join("root/canary/d").is_file());
        });
    }

    #[test]
    fn magic_links_loops_and_files_in_the_way_are_refused() {
        both_ways(|| {
            let tree = Tree::new("magic");
            let root = tree.root();
            symlink("loop", tree.0.join("root/loop")).unwrap();
            std::fs::write(tree.0.join("root/file"), "").unwrap();
            assert_eq!(ensure(&root, Path::new("loop/x"), Kind::File).unwrap_err(), Errno::LOOP);
            assert_eq!(ensure(&root, Path::new("file/x"), Kind::File).unwrap_err(), Errno::NOTDIR);
            let host = fs::open("/", OFlags::PATH, Mode::empty()).unwrap();
            assert_eq!(open(&host, Path::new("/proc/self/cwd"), OFlags::PATH).unwrap_err(), Errno::LOOP);
            assert_eq!(ensure(&host, Path::new("/proc/self/cwd/x"), Kind::File).unwrap_err(), Errno::LOOP);
        });
    }

    #[test]
    fn what_exists_is_taken_and_plain_takes_no_links() {
        both_ways(|| {
            let tree = Tree::new("plain");
            let root = tree.root();
            std::fs::create_dir(tree.0.join("root/real")).unwrap();
            symlink("real", tree.0.join("root/link")).unwrap();
            ensure(&root, Path::new("/link"), Kind::File).unwrap();
            assert_eq!(open_plain(&root, Path::new("/link"), OFlags::PATH).unwrap_err(), Errno::LOOP);
            open_plain(&root, Path::new("/real"), OFlags::PATH).unwrap();
        });
    }

    #[test]
    fn bounds_are_kept() {
        both_ways(|| {
            let tree = Tree::new("bounds");
            let root = tree.root();
            let beneath = |path: &str, more: ResolveFlags| {
                resolve(&root, path, OFlags::PATH, ResolveFlags::BENEATH | more).map(drop)
            };
            symlink("/canary", tree.0.join("root/absolute")).unwrap();
            symlink("real", tree.0.join("root/link")).unwrap();
            std::fs::create_dir(tree.0.join("root/real")).unwrap();
            std::fs::write(tree.0.join("root/real/file"), "x").unwrap();
            for path in ["/real", "../canary", "absolute", "real/../../root"] {
                assert_eq!(beneath(path, ResolveFlags::empty()), Err(Errno::XDEV), "{path}");
            }
            for path in ["real/file", "link/../real", "link/file", "."] {
                assert_eq!(beneath(path, ResolveFlags::empty()), Ok(()), "{path}");
            }
            assert_eq!(beneath("link/file", ResolveFlags::NO_SYMLINKS), Err(Errno::LOOP));
            let link = resolve(&root, "link", OFlags::PATH | OFlags::NOFOLLOW, ResolveFlags::BENEATH).unwrap();
            assert_eq!(FileType::from_raw_mode(fs::fstat(link).unwrap().st_mode), FileType::Symlink);
            let folder = resolve(&root, "real/file", OFlags::PATH | OFlags::DIRECTORY, ResolveFlags::IN_ROOT);
            assert_eq!(folder.unwrap_err(), Errno::NOTDIR);
            let host = fs::open("/", OFlags::PATH, Mode::empty()).unwrap();
            let across = resolve(&host, "proc/self", OFlags::PATH, ResolveFlags::IN_ROOT | ResolveFlags::NO_XDEV);
            assert_eq!(across.unwrap_err(), Errno::XDEV);
            let procfs = fs::open("/proc", OFlags::PATH, Mode::empty()).unwrap();
            let own =
                resolve(&procfs, "thread-self/comm", OFlags::WRONLY, ResolveFlags::BENEATH | ResolveFlags::NO_XDEV);
            own.unwrap();
        });
    }
}
