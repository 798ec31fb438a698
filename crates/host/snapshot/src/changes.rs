//! What a container has changed: its upper directory beside its image.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, OFlags, ResolveFlags, Stat, fgetxattr, statat};
use rustix::io::Errno;
use sys::path::resolve;

use crate::error::{At, Error};

/// What has become of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Other content, owner or mode; for a directory also: something in it has changed.
    Modified,
    /// New.
    Added,
    /// Gone, with all that was in it.
    Deleted,
}

/// One name that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the root, without a slash in front.
    pub name: Vec<u8>,
    /// What has become of it.
    pub kind: Kind,
}

/// All that has changed from `image` to the container whose upper directory is `upper`, sorted by name, so that a directory
/// comes before what is in it. Names in `made` are what containers are given on their way up (mount points): they count
/// only when there is more about them than that they are there.
///
/// The container may change its files meanwhile; each is told as it was found.
pub fn changes(upper: BorrowedFd<'_>, image: BorrowedFd<'_>, made: &[&str]) -> Result<Vec<Change>, Error> {
    let mut comparison = Comparison { upper, image, made, all: Vec::new() };
    comparison.directory(b"", true)?;
    comparison.all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(comparison.all)
}

struct Comparison<'a> {
    upper: BorrowedFd<'a>,
    image: BorrowedFd<'a>,
    made: &'a [&'a str],
    all: Vec<Change>,
}

impl Comparison<'_> {
    /// Compares what is in a directory. `merged`: the image's directory of that name shows through.
    fn directory(&mut self, name: &[u8], merged: bool) -> Result<(), Error> {
        let Some(own) = open(self.upper, name)? else { return Ok(()) };
        let below = open(self.image, name)?;
        let children = names(&own, name)?;
        for child in &children {
            let path = join(name, child);
            let Some(stat) = look(&own, child)? else { continue };
            let before = below.as_ref().map(|below| look(below, child)).transpose()?.flatten();
            self.child(path, &own, child, &stat, before.as_ref())?;
        }
        if let Some(below) = below.filter(|_| !merged) {
            // A directory that was made anew hides what it does not have itself.
            let hidden = names(&below, name)?.into_iter().filter(|child| !children.contains(child));
            self.all.extend(hidden.map(|child| Change { name: join(name, &child), kind: Kind::Deleted }));
        }
        Ok(())
    }

    fn child(
        &mut self,
        path: Vec<u8>,
        own: &OwnedFd,
        child: &[u8],
        stat: &Stat,
        before: Option<&Stat>,
    ) -> Result<(), Error> {
        let kind = match before {
            _ if is_whiteout(stat) => {
                self.all.extend(before.map(|_| Change { name: path, kind: Kind::Deleted }));
                return Ok(());
            }
            None => Kind::Added,
            Some(_) => Kind::Modified,
        };
        let is_made = before.is_none() && self.made.iter().any(|made| made.as_bytes() == path);
        if !is_directory(stat) {
            let same = before.is_some_and(|before| is_same(stat, before) && self.has_same_capabilities(&path));
            let plain = is_made && (stat.st_size == 0 || FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
            if !same && !plain {
                self.all.push(Change { name: path, kind });
            }
            return Ok(());
        }
        let so_far = self.all.len();
        let was_directory = before.is_some_and(is_directory);
        self.directory(&path, was_directory && !is_opaque(own, child))?;
        let changed_inside = self.all.len() > so_far;
        let same = before.is_some_and(|before| has_same_owner_and_mode(stat, before));
        match (is_made, same) {
            (true, _) | (_, true) if !changed_inside => {}
            // Its place was made for it: what is new is in it.
            (true, _) => self.all.push(Change { name: path, kind: Kind::Modified }),
            _ => self.all.push(Change { name: path, kind }),
        }
        Ok(())
    }

    fn has_same_capabilities(&self, name: &[u8]) -> bool {
        let read = |root: BorrowedFd<'_>| {
            let file =
                resolve(root, OsStr::from_bytes(name), OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK, PLAIN);
            let mut value = [0; 64];
            file.ok().and_then(|file| fgetxattr(file, "security.capability", &mut value[..]).ok()).map(|_| value)
        };
        read(self.upper) == read(self.image)
    }
}

const PLAIN: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS);

/// Opens a directory without following links; nothing where it is gone, or none.
fn open(root: BorrowedFd<'_>, name: &[u8]) -> Result<Option<OwnedFd>, Error> {
    let name = if name.is_empty() { b"." } else { name };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match resolve(root, OsStr::from_bytes(name), flags, PLAIN) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        found => found.map(Some).at("open", path(name)),
    }
}

fn names(directory: &OwnedFd, name: &[u8]) -> Result<BTreeSet<Vec<u8>>, Error> {
    let mut all = BTreeSet::new();
    for entry in Dir::read_from(directory).at("read directory", path(name))? {
        let entry = entry.at("read directory", path(name))?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            all.insert(entry.file_name().to_bytes().to_owned());
        }
    }
    Ok(all)
}

fn look(directory: &OwnedFd, child: &[u8]) -> Result<Option<Stat>, Error> {
    match statat(directory, child, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(None),
        found => found.map(Some).at("look at", path(child)),
    }
}

fn path(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_owned() } else { [directory, name].join(&b'/') }
}

fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// Overlayfs's mark for a removed name: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_opaque(parent: &OwnedFd, child: &[u8]) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut value = [0; 1];
    rustix::fs::openat(parent, child, flags, rustix::fs::Mode::empty()).is_ok_and(|directory| {
        fgetxattr(directory, "trusted.overlay.opaque", &mut value[..]) == Ok(1) && value == *b"y"
    })
}

fn has_same_owner_and_mode(one: &Stat, other: &Stat) -> bool {
    (one.st_mode, one.st_uid, one.st_gid) == (other.st_mode, other.st_uid, other.st_gid)
}

/// The time of a directory says nothing: it changes with what is in it.
fn is_same(one: &Stat, other: &Stat) -> bool {
    let rest = |stat: &Stat| (stat.st_rdev, stat.st_size, stat.st_mtime, stat.st_mtime_nsec);
    has_same_owner_and_mode(one, other) && rest(one) == rest(other)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::AsFd;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use rustix::fs::{CWD, Mode, XattrFlags, fsetxattr, mknodat};

    use super::*;

    struct Room {
        folder: tempfile::TempDir,
    }

    impl Room {
        fn new() -> Self {
            let room = Self { folder: tempfile::tempdir().unwrap() };
            fs::create_dir_all(room.image("etc")).unwrap();
            fs::create_dir_all(room.image("dir/sub")).unwrap();
            fs::create_dir(room.upper("")).unwrap();
            for name in ["etc/passwd", "dir/a", "dir/sub/b", "file"] {
                fs::write(room.image(name), "old").unwrap();
            }
            room
        }

        fn image(&self, name: &str) -> PathBuf {
            self.folder.path().join("image").join(name)
        }

        fn upper(&self, name: &str) -> PathBuf {
            self.folder.path().join("upper").join(name)
        }

        fn check(&self, expect: &[&str]) {
            let open = |path: PathBuf| fs::File::open(path).unwrap();
            let (upper, image) = (open(self.upper("")), open(self.image("")));
            let made = ["dev", "dev/shm", "etc/hosts", "proc"];
            let all = changes(upper.as_fd(), image.as_fd(), &made).unwrap();
            let line = |change: &Change| {
                let kind = match change.kind {
                    Kind::Modified => 'C',
                    Kind::Added => 'A',
                    Kind::Deleted => 'D',
                };
                format!("{kind} {}", String::from_utf8_lossy(&change.name))
            };
            assert_eq!(all.iter().map(line).collect::<Vec<_>>(), expect);
        }
    }

    #[test]
    fn what_is_made_for_every_container_is_no_change() {
        let room = Room::new();
        room.check(&[]);
        fs::create_dir_all(room.upper("dev/shm")).unwrap();
        fs::create_dir_all(room.upper("proc")).unwrap();
        fs::create_dir(room.upper("etc")).unwrap();
        fs::write(room.upper("etc/hosts"), "").unwrap();
        room.check(&[]);
        fs::write(room.upper("dev/file"), "").unwrap();
        fs::write(room.upper("etc/hosts"), "own").unwrap();
        room.check(&["C dev", "A dev/file", "C etc", "A etc/hosts"]);
    }

    #[test]
    fn additions_and_modifications_name_the_directories_above() {
        let room = Room::new();
        fs::create_dir_all(room.upper("dir/sub")).unwrap();
        fs::write(room.upper("dir/sub/new"), "").unwrap();
        fs::write(room.upper("file"), "longer").unwrap();
        fs::create_dir(room.upper("more")).unwrap();
        fs::write(room.upper("more/x"), "").unwrap();
        room.check(&["C dir", "C dir/sub", "A dir/sub/new", "C file", "A more", "A more/x"]);
    }

    #[test]
    fn a_file_that_was_copied_up_as_it_is_is_no_change_and_a_mode_is_one() {
        let room = Room::new();
        fs::create_dir(room.upper("dir")).unwrap();
        assert!(
            std::process::Command::new("cp")
                .arg("-p")
                .args([room.image("file"), room.upper("file")])
                .status()
                .unwrap()
                .success()
        );
        room.check(&[]);
        fs::set_permissions(room.upper("file"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(room.upper("dir"), fs::Permissions::from_mode(0o700)).unwrap();
        room.check(&["C dir", "C file"]);
    }

    #[test]
    fn deletions_are_told_once_also_by_a_directory_made_anew() {
        let room = Room::new();
        mknodat(CWD, room.upper("file"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
        mknodat(CWD, room.upper("never"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
        fs::create_dir(room.upper("dir")).unwrap();
        fs::write(room.upper("dir/a"), "newer").unwrap();
        let dir = fs::File::open(room.upper("dir")).unwrap();
        fsetxattr(&dir, "trusted.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
        room.check(&["C dir", "C dir/a", "D dir/sub", "D file"]);
    }

    #[test]
    fn a_directory_in_the_place_of_a_file_is_a_modification_with_additions() {
        let room = Room::new();
        fs::create_dir(room.upper("file")).unwrap();
        fs::write(room.upper("file/x"), "").unwrap();
        fs::write(room.upper("etc"), "no directory any more").unwrap();
        room.check(&["C etc", "C file", "A file/x"]);
    }
}
