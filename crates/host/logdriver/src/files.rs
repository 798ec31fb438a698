//! The log's files: the current one, and the rotated ones `.1`, `.2` …, the newest lowest; packed ones end in `.gz`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::packed;

/// Access for the owner, reading for the group, as Docker's.
pub(crate) const MODE: u32 = 0o640;

/// The name of the file of age `age`; 0 is the current one.
pub(crate) fn name(path: &Path, age: u32) -> PathBuf {
    if age == 0 { path.to_owned() } else { with_suffix(path, &format!(".{age}")) }
}

/// The name of the packed file of age `age`, which is at least 1.
pub(crate) fn packed_name(path: &Path, age: u32) -> PathBuf {
    with_suffix(path, &format!(".{age}.gz"))
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens the current file for appending; makes it where it is missing.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).read(true).mode(MODE).open(path)
}

/// Whoever renames or removes rotated files holds the lock (flock(2)) of their folder; it goes with the descriptor.
pub(crate) fn lock(path: &Path, how: FlockOperation) -> io::Result<OwnedFd> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = rustix::fs::open(folder, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    flock(&folder, how)?;
    Ok(folder)
}

/// Moves every file one on, drops what exceeds `max_files`, and returns a new current file. Fails at once where another
/// process is putting a packed file in its place: the caller comes again.
pub(crate) fn rotate(path: &Path, max_files: u32) -> io::Result<File> {
    if max_files < 2 {
        return replace(path);
    }
    let _lock = lock(path, FlockOperation::NonBlockingLockExclusive)?;
    let oldest = max_files - 1;
    missing_is_fine(fs::remove_file(packed_name(path, oldest)))?;
    for age in (0..oldest).rev() {
        missing_is_fine(fs::rename(name(path, age), name(path, age + 1)))?;
        if age > 0 {
            missing_is_fine(fs::rename(packed_name(path, age), packed_name(path, age + 1)))?;
        }
    }
    append(path)
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A new file in place of the current one, which stays whole for who has it open.
fn replace(path: &Path) -> io::Result<File> {
    let fresh = with_suffix(path, ".new");
    let file = append(&fresh)?;
    file.set_len(0)?;
    fs::rename(&fresh, path)?;
    Ok(file)
}

/// What tells one file of a log from its others, also after it was packed: its inode's number.
///
/// The kernel gives the number of a removed file to a later one. So a packed file may share it with a newer one, and who
/// looks for a number takes the newest; who has a file open knows that its number is no other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(pub(crate) u64);

impl Identity {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|data| Self(data.ino()))
    }

    fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(data) => Ok(Some(Self(data.ino()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the current file is, where there is one.
pub(crate) fn current(path: &Path) -> io::Result<Option<Identity>> {
    Identity::at(path)
}

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// 0 is the current one.
    pub(crate) age: u32,
    /// Where it is packed: the packed file's own number.
    pub(crate) packed: Option<Identity>,
}

impl Place {
    pub(crate) fn name(self, path: &Path) -> PathBuf {
        if self.packed.is_some() { packed_name(path, self.age) } else { name(path, self.age) }
    }
}

/// The files that there are, the newest first. Where one is there twice, since a daemon was killed as it packed it, the
/// packed one does not count.
///
/// A rotation under way leaves one hole in the ages, so only two missing in a row end the list.
pub(crate) fn list(path: &Path) -> io::Result<Vec<(Place, Identity)>> {
    let mut found = Vec::new();
    let mut missing = 0;
    for age in 0.. {
        match at_age(path, age)? {
            Some(file) => {
                found.push(file);
                missing = 0;
            }
            None => missing += 1,
        }
        if missing == 2 {
            break;
        }
    }
    Ok(found)
}

fn at_age(path: &Path, age: u32) -> io::Result<Option<(Place, Identity)>> {
    if let Some(identity) = Identity::at(&name(path, age))? {
        return Ok(Some((Place { age, packed: None }, identity)));
    }
    if age == 0 {
        return Ok(None);
    }
    match File::open(packed_name(path, age)) {
        Ok(file) => Ok(Some((Place { age, packed: Some(Identity::of(&file)?) }, packed::identity(&file)?))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn rotation_keeps_the_newest_and_never_touches_an_open_file() {
        for max_files in 1..4 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            let mut file = append(&path).unwrap();
            for round in 0..5 {
                write!(file, "{round}").unwrap();
                let old = file;
                file = rotate(&path, max_files).unwrap();
                assert_eq!(old.metadata().unwrap().len(), 1);
            }
            let texts = (1..max_files).map(|age| fs::read_to_string(name(&path, age)).unwrap());
            assert_eq!(texts.collect::<Vec<_>>(), ["4", "3", "2"][..max_files as usize - 1]);
            assert_eq!(list(&path).unwrap().len(), max_files as usize);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), max_files as usize);
        }
    }

    #[test]
    fn who_holds_the_lock_keeps_rotation_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path).unwrap();
        let held = lock(&path, FlockOperation::LockExclusive).unwrap();
        assert_eq!(rotate(&path, 3).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(held);
        rotate(&path, 3).unwrap();
        assert_eq!(list(&path).unwrap().len(), 2);
    }
}
