//! A directory tree as a layer: what overlayfs keeps in an upper directory becomes the image format's whiteouts again.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Dir, FileType, OFlags, ResolveFlags, Stat};
use rustix::fs::{fgetxattr, flistxattr, fstat, major, minor, readlinkat, statat};
use rustix::io::Errno;
use sys::path::resolve;

use super::error::PackError;
use super::writer::TarWriter;
use crate::read::{Device, Entry, Kind, Xattrs};
use crate::unpack::{is_for_layers, split};

/// Packs trees. Entries come in the order of their names, so that equal trees give equal archives.
pub struct Packer<'r> {
    root: BorrowedFd<'r>,
    /// Whether overlayfs's marks are translated; else they are left out.
    is_upper: bool,
    /// What stands before each name, its slash included.
    prefix: Vec<u8>,
    /// Instead of an only entry's own name.
    name: Option<Vec<u8>>,
    /// The first name of each file that has several.
    linked: HashMap<(u64, u64), Vec<u8>>,
}

impl<'r> Packer<'r> {
    /// Packs what a container sees: a mounted root.
    pub fn of_tree(root: BorrowedFd<'r>) -> Self {
        Self { root, is_upper: false, prefix: Vec::new(), name: None, linked: HashMap::new() }
    }

    /// Packs a directory under a name, its own entry first.
    pub fn of_directory(root: BorrowedFd<'r>, name: &[u8]) -> Self {
        let slash = if name.ends_with(b"/") { &b""[..] } else { b"/" };
        Self { prefix: [name, slash].concat(), ..Self::of_tree(root) }
    }

    /// Packs the upper directory of an overlay as a layer.
    pub fn of_upper(root: BorrowedFd<'r>) -> Self {
        Self { is_upper: true, ..Self::of_tree(root) }
    }

    /// Writes everything below the root. Somebody may change the tree meanwhile; what vanishes is left out.
    pub fn pack<W: Write>(mut self, tar: &mut TarWriter<W>) -> Result<(), PackError> {
        if !self.prefix.is_empty() {
            self.one_directory(b"", tar)?;
        }
        let mut waiting = vec![Vec::new()];
        while let Some(name) = waiting.pop() {
            let Some(directory) = self.open(&name, OFlags::DIRECTORY)? else { continue };
            let below = self.directory(&name, &directory, tar)?;
            // The last one pushed is the next one packed.
            waiting.extend(below.into_iter().rev());
        }
        Ok(())
    }

    /// Writes one file of any kind but a directory, that stands as `child` in the root, under the name `name`.
    pub fn pack_one<W: Write>(mut self, child: &[u8], name: &[u8], tar: &mut TarWriter<W>) -> Result<(), PackError> {
        let look = |error| PackError::source("look at", child, error);
        let stat = statat(self.root, child, AtFlags::SYMLINK_NOFOLLOW).map_err(look)?;
        let root = self.root.try_clone_to_owned().map_err(|error| PackError::source("open", child, error))?;
        self.name = Some(name.to_owned());
        self.other(&root, child, child.to_owned(), &stat, tar)
    }

    /// Writes what has changed, as a layer: the entries of the names that are there, each by itself, and whiteouts for
    /// those that are gone. Names come parents first.
    pub fn pack_changes<'n, W: Write>(
        mut self,
        changes: impl IntoIterator<Item = (&'n [u8], bool)>,
        tar: &mut TarWriter<W>,
    ) -> Result<(), PackError> {
        for (name, is_there) in changes {
            let (parent, child) = split(name).unwrap_or((b"", name));
            if !is_there {
                self.append(marker(join(parent, &[b".wh.", child].concat())), io::empty(), tar)?;
                continue;
            }
            let Some(parent) = self.open(parent, OFlags::DIRECTORY)? else { continue };
            let stat = match statat(&parent, child, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat.map_err(|error| PackError::source("look at", name, error))?,
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => self.one_directory(name, tar)?,
                _ => self.other(&parent, child, name.to_owned(), &stat, tar)?,
            }
        }
        Ok(())
    }

    /// Writes an entry under the name that it is to have.
    fn append<W: Write>(&self, mut entry: Entry, content: impl Read, tar: &mut TarWriter<W>) -> Result<(), PackError> {
        if let Some(name) = &self.name {
            entry.path.clone_from(name);
        } else if !self.prefix.is_empty() {
            entry.path.splice(..0, self.prefix.iter().copied());
            if entry.kind == Kind::Hardlink {
                entry.link.splice(..0, self.prefix.iter().copied());
            }
        }
        tar.append(&entry, content)
    }

    /// Opens a name without following any link on the way; `None` if it is gone.
    fn open(&self, name: &[u8], flags: OFlags) -> Result<Option<OwnedFd>, PackError> {
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let path = if name.is_empty() { b"." } else { name };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | flags;
        match resolve(self.root, OsStr::from_bytes(path), flags, how) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(PackError::source("open", name, error)),
        }
    }

    /// Writes the entries of one directory; gives the names of those that are directories.
    fn directory<W: Write>(
        &mut self,
        name: &[u8],
        directory: &OwnedFd,
        tar: &mut TarWriter<W>,
    ) -> Result<Vec<Vec<u8>>, PackError> {
        if self.is_upper && is_opaque(directory) && !name.is_empty() {
            self.append(marker(join(name, b".wh..wh..opq")), io::empty(), tar)?;
        }
        let mut below = Vec::new();
        for child in names(name, directory)? {
            let path = join(name, &child);
            let stat = match statat(directory, child.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat.map_err(|error| PackError::source("look at", &path, error))?,
            };
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                self.one_directory(&path, tar)?;
                below.push(path);
            } else if is_whiteout(&stat) && self.is_upper {
                self.append(marker(join(name, &[b".wh.", child.as_slice()].concat())), io::empty(), tar)?;
            } else {
                self.other(directory, &child, path, &stat, tar)?;
            }
        }
        Ok(below)
    }

    fn one_directory<W: Write>(&self, path: &[u8], tar: &mut TarWriter<W>) -> Result<(), PackError> {
        let Some(directory) = self.open(path, OFlags::DIRECTORY)? else { return Ok(()) };
        let stat = fstat(&directory).map_err(|error| PackError::source("look at", path, error))?;
        let own = if path.is_empty() { Vec::new() } else { [path, b"/"].concat() };
        let mut entry = entry_of(own, Kind::Directory, &stat);
        entry.xattrs = xattrs(&directory, path)?;
        self.append(entry, io::empty(), tar)
    }

    fn other<W: Write>(
        &mut self,
        directory: &OwnedFd,
        child: &[u8],
        path: Vec<u8>,
        stat: &Stat,
        tar: &mut TarWriter<W>,
    ) -> Result<(), PackError> {
        if let Some(first) = self.first_name(&path, stat) {
            let mut entry = entry_of(path, Kind::Hardlink, stat);
            entry.link = first;
            return self.append(entry, io::empty(), tar);
        }
        let device = Device { major: major(stat.st_rdev), minor: minor(stat.st_rdev) };
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => return self.file(path, tar),
            FileType::Symlink => Kind::Symlink,
            FileType::CharacterDevice => Kind::Character(device),
            FileType::BlockDevice => Kind::Block(device),
            FileType::Fifo => Kind::Fifo,
            // A socket is nothing without its process.
            _ => return Ok(()),
        };
        let is_link = kind == Kind::Symlink;
        let mut entry = entry_of(path, kind, stat);
        if is_link {
            let target = readlinkat(directory, child, Vec::new());
            entry.link = target.map_err(|error| PackError::source("read link", &entry.path, error))?.into_bytes();
        }
        self.append(entry, io::empty(), tar)
    }

    /// The name under which this file was packed already.
    fn first_name(&mut self, path: &[u8], stat: &Stat) -> Option<Vec<u8>> {
        if stat.st_nlink < 2 {
            return None;
        }
        let key = (stat.st_dev, stat.st_ino);
        match self.linked.get(&key) {
            Some(first) => Some(first.clone()),
            None => {
                self.linked.insert(key, path.to_owned());
                None
            }
        }
    }

    fn file<W: Write>(&self, path: Vec<u8>, tar: &mut TarWriter<W>) -> Result<(), PackError> {
        let Some(file) = self.open(&path, OFlags::empty())? else { return Ok(()) };
        let stat = fstat(&file).map_err(|error| PackError::source("look at", &path, error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        let mut entry = entry_of(path, Kind::File, &stat);
        entry.size = stat.st_size.unsigned_abs();
        entry.xattrs = xattrs(&file, &entry.path)?;
        // A file that is cut short while it is read is filled up with zeros, as its header is written already.
        self.append(entry, File::from(file).chain(io::repeat(0)), tar)
    }
}

/// The names in a directory, in order.
fn names(name: &[u8], directory: &OwnedFd) -> Result<BTreeSet<Vec<u8>>, PackError> {
    let failed = |error| PackError::source("read directory", name, error);
    let mut names = BTreeSet::new();
    for entry in Dir::read_from(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let child = entry.file_name().to_bytes();
        if !matches!(child, b"." | b"..") {
            names.insert(child.to_owned());
        }
    }
    Ok(names)
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_owned() } else { [directory, name].join(&b'/') }
}

fn entry_of(path: Vec<u8>, kind: Kind, stat: &Stat) -> Entry {
    Entry {
        path,
        link: Vec::new(),
        kind,
        size: 0,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: stat.st_mtime,
        mtime_nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
        xattrs: Vec::new(),
    }
}

/// An empty file that means something by its name.
fn marker(path: Vec<u8>) -> Entry {
    Entry {
        path,
        link: Vec::new(),
        kind: Kind::File,
        size: 0,
        mode: 0,
        uid: 0,
        gid: 0,
        mtime: 0,
        mtime_nanoseconds: 0,
        xattrs: Vec::new(),
    }
}

fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_opaque(directory: &OwnedFd) -> bool {
    let mut value = [0; 1];
    fgetxattr(directory, "trusted.overlay.opaque", &mut value[..]) == Ok(1) && value == *b"y"
}

/// The attributes that a layer may carry, in the order of their names.
fn xattrs(file: impl AsFd, path: &[u8]) -> Result<Xattrs, PackError> {
    let file = file.as_fd();
    let mut list = Vec::with_capacity(64 << 10);
    match flistxattr(file, rustix::buffer::spare_capacity(&mut list)) {
        Ok(_) => {}
        Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        Err(error) => return Err(PackError::source("list attributes of", path, error)),
    }
    let mut all = Vec::new();
    for name in list.split(|byte| *byte == 0).filter(|name| is_for_layers(name)).collect::<BTreeSet<_>>() {
        let mut value = Vec::with_capacity(64 << 10);
        match fgetxattr(file, name, rustix::buffer::spare_capacity(&mut value)) {
            Ok(_) => all.push((name.to_owned(), value)),
            Err(Errno::NODATA) => {}
            Err(error) => return Err(PackError::source("read attribute of", path, error)),
        }
    }
    Ok(all)
}
