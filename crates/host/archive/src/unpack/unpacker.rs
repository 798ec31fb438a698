//! The unpacker: one entry after another.

use std::io::BufRead;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{AtFlags, Dev, FileType, Mode, OFlags, Timestamps};
use rustix::fs::{fchmod, ftruncate, futimens, linkat, makedev, mkdirat, mknodat, openat, statat, symlinkat, unlinkat};
use rustix::io::{Errno, pwrite, write};

use super::error::{At, UnpackError};
use super::metadata::{Defaults, times};
use super::name::{Meaning, Name};
use super::parents::{Parents, is_whiteout, make_opaque};
use crate::read::{Device, Entry, Kind, ReadError, Reader, Segment, Sparse};

/// What was unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Bytes of all regular files, as the archive holds them.
    pub bytes: u64,
    /// Whether the layer hides all layers below it.
    pub is_opaque: bool,
}

/// Bytes of directory names that are remembered for their times; a layer with more is refused.
const MOST_LATE_BYTES: usize = 64 << 20;

/// What is set on a directory when nothing is made in it any more.
struct Late {
    name: Vec<u8>,
    times: Timestamps,
    /// The mode with the set-group-id bit, where it has one.
    mode: Option<u32>,
}

/// A directory of a root file system that somebody uses, into which files are copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Into<'p> {
    /// The directory, from the root; links in it are followed.
    pub path: &'p [u8],
    /// A directory is never replaced by anything else, and nothing else by a directory.
    pub keeps_kinds: bool,
    /// Everything belongs to this user and group instead of those that the archive names.
    pub owner: Option<(u32, u32)>,
}

/// Unpacks layers into one root directory, where nobody else may write meanwhile, or files into one that is in use, where
/// somebody may.
pub struct Unpacker<'r> {
    /// The directory into which files are copied; none for a layer.
    into: Option<Name>,
    keeps_kinds: bool,
    owner: Option<(u32, u32)>,
    parents: Parents<'r>,
    defaults: Defaults,
    late: Vec<Late>,
    late_bytes: usize,
    contents: Contents,
}

impl<'r> Unpacker<'r> {
    /// Unpacks into `root`, an empty directory that is open for reading.
    pub fn new(root: BorrowedFd<'r>) -> Self {
        Self::with(Parents::new(root, false), Defaults::of_this_process())
    }

    fn with(parents: Parents<'r>, defaults: Defaults) -> Self {
        Self {
            into: None,
            keeps_kinds: false,
            owner: None,
            parents,
            defaults,
            late: Vec::new(),
            late_bytes: 0,
            contents: Contents::default(),
        }
    }

    /// Copies files into a directory below `root`, a root file system that is open for reading. Names that mean something in
    /// layers mean nothing here.
    ///
    /// # Errors
    /// For a path that leads out of the root by `..`.
    pub fn into(root: BorrowedFd<'r>, into: Into<'_>) -> Result<Self, UnpackError> {
        Ok(Self {
            into: Some(Name::clean(into.path)?),
            keeps_kinds: into.keeps_kinds,
            owner: into.owner,
            ..Self::with(Parents::new(root, true), Defaults::unknown())
        })
    }

    /// Unpacks all entries. On an error what is there is half a layer: the caller removes it.
    pub fn unpack<R: BufRead>(mut self, archive: &mut Reader<R>) -> Result<Contents, UnpackError> {
        while let Some(mut entry) = archive.next_entry()? {
            if let Some(owner) = self.owner {
                (entry.uid, entry.gid) = owner;
            }
            self.apply(&entry, archive)?;
        }
        self.finish_directories()?;
        Ok(self.contents)
    }

    fn apply<R: BufRead>(&mut self, entry: &Entry, archive: &mut Reader<R>) -> Result<(), UnpackError> {
        let name = Name::clean(&entry.path)?;
        if let Some(into) = &self.into {
            return self.copy(&name.below(into), entry, archive);
        }
        match name.meaning()? {
            Meaning::Nothing => Ok(()),
            Meaning::Root => self.root(entry),
            Meaning::Opaque { directory } => self.opaque(directory),
            Meaning::Whiteout { parent, hidden } => self.whiteout(parent, hidden, &entry.path),
            Meaning::Plain { parent, last } => {
                let parent = self.parents.get(parent)?;
                self.plain(&name, &parent, last, entry, archive)
            }
        }
    }

    fn copy<R: BufRead>(&mut self, name: &Name, entry: &Entry, archive: &mut Reader<R>) -> Result<(), UnpackError> {
        if Some(name) == self.into.as_ref() {
            // The directory itself stays as it is.
            return Ok(());
        }
        let Some((parent, last)) = name.split() else { return Ok(()) };
        let parent = self.parents.get(parent)?;
        if self.keeps_kinds {
            check_kind(&parent, last, entry)?;
        }
        self.plain(name, &parent, last, entry, archive)
    }

    fn plain<R: BufRead>(
        &mut self,
        name: &Name,
        parent: &OwnedFd,
        last: &[u8],
        entry: &Entry,
        archive: &mut Reader<R>,
    ) -> Result<(), UnpackError> {
        match &entry.kind {
            Kind::File => self.file(parent, last, entry, |file| copy(archive, file, entry)),
            Kind::Sparse(map) => self.file(parent, last, entry, |file| copy_sparse(archive, file, map, entry)),
            Kind::Directory => self.directory(name, parent, last, entry),
            Kind::Symlink => {
                self.instead(parent, last, entry, || symlinkat(entry.link.as_slice(), parent, last))?;
                // stat(2) gives a link the length of its text as its size.
                self.contents.bytes += entry.link.len() as u64;
                self.defaults.finish_node(parent, last, entry)
            }
            Kind::Hardlink => self.hardlink(name, parent, last, entry),
            Kind::Character(device) => self.node(parent, last, entry, FileType::CharacterDevice, number(*device)),
            Kind::Block(device) => self.node(parent, last, entry, FileType::BlockDevice, number(*device)),
            Kind::Fifo => self.node(parent, last, entry, FileType::Fifo, 0),
        }
    }

    /// Makes something that must not exist before; if it does, what the archive had there earlier gives way.
    fn instead<T>(
        &mut self,
        parent: &OwnedFd,
        last: &[u8],
        entry: &Entry,
        make: impl Fn() -> Result<T, Errno>,
    ) -> Result<T, UnpackError> {
        match make() {
            Err(Errno::EXIST) => {
                self.remove(parent, last, &entry.path)?;
                make().at("make", &entry.path)
            }
            made => made.at("make", &entry.path),
        }
    }

    fn remove(&mut self, parent: &OwnedFd, last: &[u8], path: &[u8]) -> Result<(), UnpackError> {
        let there = statat(parent, last, AtFlags::SYMLINK_NOFOLLOW).at("look at", path)?;
        match FileType::from_raw_mode(there.st_mode) {
            FileType::Directory => {
                self.parents.forget();
                sys::tree::remove(parent.as_fd(), last).at("replace directory", path)
            }
            FileType::Symlink => {
                self.parents.forget();
                unlinkat(parent, last, AtFlags::empty()).at("replace", path)
            }
            _ => unlinkat(parent, last, AtFlags::empty()).at("replace", path),
        }
    }

    fn file(
        &mut self,
        parent: &OwnedFd,
        last: &[u8],
        entry: &Entry,
        fill: impl FnOnce(&OwnedFd) -> Result<(), UnpackError>,
    ) -> Result<(), UnpackError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(entry.mode & 0o777);
        let file = self.instead(parent, last, entry, || openat(parent, last, flags, mode))?;
        fill(&file)?;
        self.contents.bytes += entry.size;
        self.defaults.finish_file(file.as_fd(), entry)
    }

    fn node(
        &mut self,
        parent: &OwnedFd,
        last: &[u8],
        entry: &Entry,
        kind: FileType,
        device: Dev,
    ) -> Result<(), UnpackError> {
        let mode = Mode::from_raw_mode(entry.mode & 0o777);
        self.instead(parent, last, entry, || mknodat(parent, last, kind, mode, device))?;
        self.defaults.finish_node(parent, last, entry)
    }

    /// A second name for something inside the root. Its metadata is that of the first name and is left alone: changing it
    /// here would change whatever the name leads to (CVE-2021-32760).
    fn hardlink(&mut self, name: &Name, parent: &OwnedFd, last: &[u8], entry: &Entry) -> Result<(), UnpackError> {
        let target = Name::clean(&entry.link)?;
        let target = self.into.as_ref().map_or_else(|| target.clone(), |into| target.clone().below(into));
        if target == *name {
            return Ok(());
        }
        let Some((above, target_last)) = target.split() else {
            return Err(UnpackError::refused(&entry.path, "a hard link to the root"));
        };
        let above = self.parents.find(above).at("find the target of hard link", &entry.path)?;
        self.instead(parent, last, entry, || linkat(&*above, target_last, parent, last, AtFlags::empty()))
    }

    fn root(&mut self, entry: &Entry) -> Result<(), UnpackError> {
        if entry.kind != Kind::Directory {
            return Err(UnpackError::refused(&entry.path, "the root is no directory"));
        }
        self.defaults.finish_directory(self.parents.root(), entry)?;
        self.remember(b"", entry)
    }

    fn directory(&mut self, name: &Name, parent: &OwnedFd, last: &[u8], entry: &Entry) -> Result<(), UnpackError> {
        let hides = self.make_directory(parent, last, entry)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = Rc::new(openat(parent, last, flags, Mode::empty()).at("open directory", &entry.path)?);
        if hides {
            make_opaque(&directory, &entry.path)?;
        }
        self.defaults.finish_directory(directory.as_fd(), entry)?;
        self.parents.keep(name.bytes(), &directory);
        self.remember(name.bytes(), entry)
    }

    /// Makes the directory unless it is there. Says whether it stands where a whiteout was, and so hides what is below.
    fn make_directory(&mut self, parent: &OwnedFd, last: &[u8], entry: &Entry) -> Result<bool, UnpackError> {
        let make = || mkdirat(parent, last, Mode::from_raw_mode(0o700));
        match make() {
            Err(Errno::EXIST) => {}
            made => return made.map(|()| false).at("make directory", &entry.path),
        }
        let there = statat(parent, last, AtFlags::SYMLINK_NOFOLLOW).at("look at", &entry.path)?;
        if FileType::from_raw_mode(there.st_mode) == FileType::Directory {
            return Ok(false);
        }
        self.remove(parent, last, &entry.path)?;
        make().at("make directory", &entry.path)?;
        Ok(is_whiteout(&there))
    }

    fn remember(&mut self, name: &[u8], entry: &Entry) -> Result<(), UnpackError> {
        self.late_bytes += name.len() + size_of::<Late>();
        if self.late_bytes > MOST_LATE_BYTES {
            let limit = MOST_LATE_BYTES as u64;
            return Err(ReadError::Limit { limit, what: "bytes in names of directories" }.into());
        }
        let mode = Some(entry.mode).filter(|mode| mode & 0o2000 != 0);
        self.late.push(Late { name: name.to_owned(), times: times(entry), mode });
        Ok(())
    }

    /// A later entry may have put something else in a directory's place; then there is nothing to set.
    fn finish_directories(&mut self) -> Result<(), UnpackError> {
        for late in std::mem::take(&mut self.late) {
            let directory = match self.parents.open(&late.name, OFlags::NOFOLLOW) {
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                found => found.at("open directory", &late.name)?,
            };
            if let Some(mode) = late.mode {
                fchmod(&directory, Mode::from_raw_mode(mode)).at("set mode of", &late.name)?;
            }
            futimens(&directory, &late.times).at("set times of", &late.name)?;
        }
        Ok(())
    }

    fn opaque(&mut self, directory: &[u8]) -> Result<(), UnpackError> {
        if directory.is_empty() {
            // Overlayfs does not look for the mark at the root of a layer; who stacks the layers has to.
            self.contents.is_opaque = true;
            return Ok(());
        }
        let directory_fd = self.parents.get(directory)?;
        make_opaque(&directory_fd, directory)
    }

    /// Hides a name of the lower layers. What this layer itself has under that name stays; a directory then stops being
    /// merged.
    fn whiteout(&mut self, parent: &[u8], hidden: &[u8], path: &[u8]) -> Result<(), UnpackError> {
        let parent = self.parents.get(parent)?;
        match mknodat(&*parent, hidden, FileType::CharacterDevice, Mode::empty(), 0) {
            Err(Errno::EXIST) => {}
            made => return made.at("make whiteout", path),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&*parent, hidden, flags, Mode::empty()) {
            Ok(directory) => make_opaque(&directory, path),
            Err(Errno::NOTDIR | Errno::LOOP) => Ok(()),
            Err(error) => Err(error).at("look at", path),
        }
    }
}

/// Refuses an entry that would put a directory in the place of something else, or something else in a directory's.
fn check_kind(parent: &OwnedFd, last: &[u8], entry: &Entry) -> Result<(), UnpackError> {
    let Ok(there) = statat(parent, last, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(()) };
    match (FileType::from_raw_mode(there.st_mode) == FileType::Directory, entry.kind == Kind::Directory) {
        (true, false) => Err(UnpackError::refused(&entry.path, "cannot overwrite directory with non-directory")),
        (false, true) => Err(UnpackError::refused(&entry.path, "cannot overwrite non-directory with directory")),
        _ => Ok(()),
    }
}

fn number(device: Device) -> Dev {
    makedev(device.major, device.minor)
}

fn copy<R: BufRead>(archive: &mut Reader<R>, file: &OwnedFd, entry: &Entry) -> Result<(), UnpackError> {
    loop {
        let data = archive.data()?;
        if data.is_empty() {
            return Ok(());
        }
        let written = rustix::io::retry_on_intr(|| write(file, data)).at("write", &entry.path)?;
        archive.advance(written)?;
    }
}

fn copy_sparse<R: BufRead>(
    archive: &mut Reader<R>,
    file: &OwnedFd,
    map: &Sparse,
    entry: &Entry,
) -> Result<(), UnpackError> {
    ftruncate(file, map.size).at("set size of", &entry.path)?;
    for Segment { mut offset, mut length } in map.segments.iter().copied() {
        while length > 0 {
            let data = archive.data()?;
            let most = data.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            let written = rustix::io::retry_on_intr(|| pwrite(file, &data[..most], offset)).at("write", &entry.path)?;
            archive.advance(written)?;
            offset += written as u64;
            length -= written as u64;
        }
    }
    Ok(())
}
