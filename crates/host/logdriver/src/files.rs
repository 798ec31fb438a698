//! The log's files: the current one, and the rotated ones `.1`, `.2` …, the newest lowest.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Access for the owner, reading for the group, as Docker's.
const MODE: u32 = 0o640;

/// The name of the file of age `age`; 0 is the current one.
pub(crate) fn name(path: &Path, age: u32) -> PathBuf {
    if age == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{age}"));
    name.into()
}

/// Opens the current file for appending; makes it where it is missing.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).read(true).mode(MODE).open(path)
}

/// Moves every file one on, drops what exceeds `max_files`, and returns a new current file.
pub(crate) fn rotate(path: &Path, max_files: u32) -> io::Result<File> {
    if max_files < 2 {
        return replace(path);
    }
    for age in (0..max_files - 1).rev() {
        match fs::rename(name(path, age), name(path, age + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    append(path)
}

/// A new file in place of the current one, which stays whole for who has it open.
fn replace(path: &Path) -> io::Result<File> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let file = append(Path::new(&fresh))?;
    file.set_len(0)?;
    fs::rename(&fresh, path)?;
    Ok(file)
}

/// What tells one open file from another, as long as one of them is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|data| Self(data.dev(), data.ino()))
    }

    /// Of the file of age `age`; `None` where there is none.
    pub(crate) fn at(path: &Path, age: u32) -> io::Result<Option<Self>> {
        match fs::metadata(name(path, age)) {
            Ok(data) => Ok(Some(Self(data.dev(), data.ino()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The files that there are, with their ages, the newest first.
///
/// A rotation under way leaves one hole in the ages, so only two missing in a row end the list.
pub(crate) fn list(path: &Path) -> io::Result<Vec<(u32, Identity)>> {
    let mut found = Vec::new();
    let mut missing = 0;
    for age in 0.. {
        match Identity::at(path, age)? {
            Some(identity) => {
                found.push((age, identity));
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
}
