//! Unpacking an archive from a container into a local directory.
//!
//! The archive is not to be believed: whoever controls the container may have a say in it (CVE-2018-15664,
//! CVE-2019-14271 and their kin). So names are taken apart and only ever used one part at a time, from an open
//! directory to the next, without following links, and every entry must be below the one that was asked for.

mod entry;
mod names;

pub use names::Names;

use super::path::clean;
use crate::exit::go_errno;
use entry::Entry;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

/// How a directory is opened on the way to a file.
const STEP: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::RDONLY);

/// Bytes that are written to a file at once.
const PIECE: usize = 128 << 10;

/// Unpacks `archive` into `directory`, which must be there.
pub fn unpack(archive: impl Read, directory: &Path, names: &Names) -> Result<(), String> {
    let root = rustix::fs::open(directory, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let root = root.map_err(|error| failed("open", directory, error))?;
    // Parts that mean nothing are left out of messages.
    let shown = clean(&directory.to_string_lossy()).into();
    let mut unpacker = Unpacker { root, shown, names, directories: Vec::new() };
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().map_err(|error| format!("read archive: {}", go_errno(&error)))?;
    let mut placed = Ok(());
    for entry in entries {
        let entry = entry.map_err(|error| format!("read archive: {}", go_errno(&error)));
        placed = entry.and_then(|mut entry| unpacker.place(&mut entry));
        if placed.is_err() {
            break;
        }
    }
    // What is there when it fails is there as it should be.
    let finished = unpacker.finish();
    placed.and(finished)
}

struct Unpacker<'a> {
    root: OwnedFd,
    /// The directory as messages name it.
    shown: PathBuf,
    names: &'a Names,
    /// Directories get their modes and times when nothing is put into them any more.
    directories: Vec<(Vec<OsString>, Mode, Timestamps)>,
}

/// A place in an open directory.
struct Place {
    parent: OwnedFd,
    name: OsString,
    /// For messages.
    path: PathBuf,
}

impl Unpacker<'_> {
    fn place(&mut self, raw: &mut tar::Entry<impl Read>) -> Result<(), String> {
        let entry = Entry::read(raw)?;
        let parts = self.names.map(&entry.name).map_err(|why| why.tell(&entry.name, &self.shown))?;
        let Some((last, parents)) = parts.split_last() else {
            // The destination itself, which stays as it is.
            return Ok(());
        };
        let path = self.shown(&parts);
        let place = Place { parent: self.walk(parents, true)?, name: last.clone(), path };
        place.clear(entry.is_directory(), &self.shown)?;
        match &entry.kind {
            entry::Kind::Directory => {
                place.make_directory(entry.mode)?;
                self.directories.push((parts, entry.mode, entry.times()));
                Ok(())
            }
            entry::Kind::File => place.make_file(raw, &entry),
            entry::Kind::Symlink(target) => {
                names::check_symlink(parents, target).map_err(|()| {
                    let (path, target) = (place.path.display().to_string(), String::from_utf8_lossy(target));
                    format!("invalid symlink {} -> {}", human::quote(&path), human::quote(&target))
                })?;
                place.make_symlink(target, &entry)
            }
            entry::Kind::Link(target) => {
                let (last, parents) = self.link_target(target)?;
                place.make_link(&self.walk(&parents, false)?, &last)
            }
            entry::Kind::Special(kind, device) => place.make_special(*kind, *device, &entry),
        }
    }

    fn shown(&self, parts: &[OsString]) -> PathBuf {
        self.shown.join(parts.iter().collect::<PathBuf>())
    }

    /// A hard link's target, which must be below the entry that was asked for, too.
    fn link_target(&self, target: &[u8]) -> Result<(OsString, Vec<OsString>), String> {
        let mut parts = self.names.map(target).map_err(|why| why.tell(target, &self.shown))?;
        match parts.pop() {
            Some(last) => Ok((last, parts)),
            None => Err(format!("invalid hardlink to {}", human::quote(&String::from_utf8_lossy(target)))),
        }
    }

    /// Opens a directory below the root, part by part; makes those that are missing if told to.
    fn walk(&self, parts: &[OsString], make: bool) -> Result<OwnedFd, String> {
        let shown = |count: usize| self.shown(&parts[..count]);
        let mut here = self.root.try_clone().map_err(|error| format!("dup: {}", go_errno(&error)))?;
        for (index, part) in parts.iter().enumerate() {
            let mut next = rustix::fs::openat(&here, part, STEP, Mode::empty());
            if make && matches!(next, Err(Errno::NOENT)) {
                rustix::fs::mkdirat(&here, part, Mode::from_raw_mode(0o777))
                    .map_err(|error| failed("mkdir", &shown(index + 1), error))?;
                next = rustix::fs::openat(&here, part, STEP, Mode::empty());
            }
            here = next.map_err(|error| match error {
                // open(2): a link that may not be followed; with O_DIRECTORY it is no directory.
                Errno::LOOP | Errno::NOTDIR => {
                    format!("{} is no directory of the copy", human::quote(&shown(index + 1).display().to_string()))
                }
                error => failed("open", &shown(index + 1), error),
            })?;
        }
        Ok(here)
    }

    fn finish(self) -> Result<(), String> {
        for (parts, mode, times) in self.directories.iter().rev() {
            let directory = self.walk(parts, false)?;
            let path = self.shown(parts);
            rustix::fs::fchmod(&directory, *mode).map_err(|error| failed("chmod", &path, error))?;
            rustix::fs::futimens(&directory, times).map_err(|error| failed("chtimes", &path, error))?;
        }
        Ok(())
    }
}

impl Place {
    /// Makes room: what is there goes, unless it and what comes are directories. One never takes the place of the other.
    fn clear(&self, is_directory: bool, destination: &Path) -> Result<(), String> {
        let found = match rustix::fs::statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => FileType::from_raw_mode(found.st_mode).is_dir(),
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(self.failed("lstat", error)),
        };
        let (here, there) = (self.path.display().to_string(), destination.display().to_string());
        let (here, there) = (human::quote(&here), human::quote(&there));
        match (found, is_directory) {
            (true, true) => Ok(()),
            (true, false) => Err(format!("cannot overwrite directory {here} with non-directory {there}")),
            (false, true) => Err(format!("cannot overwrite non-directory {here} with directory {there}")),
            (false, false) => {
                let removed = rustix::fs::unlinkat(&self.parent, &self.name, AtFlags::empty());
                removed.map_err(|error| self.failed("remove", error))
            }
        }
    }

    fn failed(&self, step: &str, error: Errno) -> String {
        failed(step, &self.path, error)
    }

    fn make_directory(&self, mode: Mode) -> Result<(), String> {
        // Its owner may write into it until all is there.
        match rustix::fs::mkdirat(&self.parent, &self.name, mode.union(Mode::RWXU)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(self.failed("mkdir", error)),
        }
    }

    fn make_file(&self, data: &mut tar::Entry<impl Read>, entry: &Entry) -> Result<(), String> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.parent, &self.name, flags, Mode::RUSR | Mode::WUSR);
        let mut file = std::fs::File::from(file.map_err(|error| self.failed("open", error))?);
        // In pieces that are worth a system call.
        let copied = std::io::copy(&mut std::io::BufReader::with_capacity(PIECE, data), &mut file);
        copied.map_err(|error| crate::exit::go_error("write", &self.path, &error))?;
        for (name, value) in &entry.attributes {
            match rustix::fs::fsetxattr(&file, name, value, rustix::fs::XattrFlags::empty()) {
                // File systems and users that may not have them do without.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
                Err(error) => return Err(self.failed("setxattr", error)),
            }
        }
        rustix::fs::fchmod(&file, entry.mode).map_err(|error| self.failed("chmod", error))?;
        rustix::fs::futimens(&file, &entry.times()).map_err(|error| self.failed("chtimes", error))
    }

    fn make_symlink(&self, target: &[u8], entry: &Entry) -> Result<(), String> {
        rustix::fs::symlinkat(target, &self.parent, &self.name).map_err(|error| self.failed("symlink", error))?;
        self.set_times(&entry.times())
    }

    /// The target is not followed (linkat(2) without `AT_SYMLINK_FOLLOW`).
    fn make_link(&self, parent: &OwnedFd, name: &OsStr) -> Result<(), String> {
        let linked = rustix::fs::linkat(parent, name, &self.parent, &self.name, AtFlags::empty());
        linked.map_err(|error| self.failed("link", error))
    }

    fn make_special(&self, kind: FileType, device: u64, entry: &Entry) -> Result<(), String> {
        rustix::fs::mknodat(&self.parent, &self.name, kind, entry.mode, device)
            .map_err(|error| self.failed("mknod", error))?;
        // It was made just now and so is no link; the mask of mknod(2) is undone.
        rustix::fs::chmodat(self.parent.as_fd(), &self.name, entry.mode, AtFlags::empty())
            .map_err(|error| self.failed("chmod", error))?;
        self.set_times(&entry.times())
    }

    fn set_times(&self, times: &Timestamps) -> Result<(), String> {
        rustix::fs::utimensat(&self.parent, &self.name, times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| self.failed("chtimes", error))
    }
}

fn failed(step: &str, path: &Path, error: Errno) -> String {
    crate::exit::go_error(step, path, &error.into())
}

/// Both times of a file.
fn times(seconds: i64) -> Timestamps {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
#[path = "unpack_test.rs"]
mod tests;
