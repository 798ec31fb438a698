//! The folders of containers below `--root`.
//!
//! ```text
//!   ROOT/ID/            locked by who changes the container
//!     state.json        what it is; written anew as a whole
//!     config.json       the specification that it was made from, whatever becomes of the bundle
//!     filter            its compiled system call filter, for processes that enter it later
//!     criu-root/        empty; there during a restore
//!     gate              where it waits to be started, until it is
//! ```
//!
//! A folder without `state.json` is of a making that was killed at once; `delete --force` takes it away.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use oci::runtime::Spec;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::bundle;
use crate::error::{Error, Step as _};
use crate::id;
use crate::record::Record;

const STATE: &str = "state.json";
const NEW_STATE: &str = "state.new";
const FILTER: &str = "filter";

/// Where criu sees the root file system during a restore, in a mount namespace of its own; empty in all others.
pub const ROOT: &str = "criu-root";

/// How often a lock that somebody has is tried again, and after how long.
const TRIES: u32 = 20;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// A container's folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Open and locked as long as this lives.
    _lock: File,
}

/// Makes the folder of a new container.
pub fn make(root: &Path, id: &str) -> Result<Folder, Error> {
    id::check(id)?;
    let step = |path: &Path| format!("create `{}`", path.display());
    fs::DirBuilder::new().recursive(true).mode(0o711).create(root).step(step(root))?;
    let path = root.join(id);
    match fs::DirBuilder::new().mode(0o711).create(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::new("container with given ID already exists"));
        }
        result => result.step(step(&path))?,
    }
    lock(path)
}

/// Opens the folder of a container that is there.
pub fn open(root: &Path, id: &str) -> Result<Folder, Error> {
    id::check(id)?;
    let path = root.join(id);
    if !path.is_dir() {
        return Err(Error::new("container does not exist"));
    }
    lock(path)
}

/// The names of all containers, in order.
pub fn list(root: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.step(format_args!("list `{}`", root.display()))?,
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| id::check(name).is_ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Whoever holds the lock changes the container; who reads only does not ask for it.
fn lock(path: PathBuf) -> Result<Folder, Error> {
    let step = format!("lock `{}`", path.display());
    let file = File::open(&path).step(&step)?;
    let mut result = flock(&file, FlockOperation::NonBlockingLockExclusive);
    // A child of one that was killed has the lock, too, for the instant until it closes what is not its own.
    for _ in 0..TRIES {
        if result != Err(Errno::WOULDBLOCK) {
            break;
        }
        std::thread::sleep(PAUSE);
        result = flock(&file, FlockOperation::NonBlockingLockExclusive);
    }
    match result {
        Err(Errno::WOULDBLOCK) => Err(Error::new("container is being changed by another process")),
        result => {
            result.step(step)?;
            // The folder may have been removed by the one who held the lock before.
            if path.is_dir() { Ok(Folder { path, _lock: file }) } else { Err(Error::new("container does not exist")) }
        }
    }
}

/// Reads the record of a container, without a lock; none of a making that was killed.
pub fn read(root: &Path, id: &str) -> Result<Option<Record>, Error> {
    id::check(id)?;
    let folder = root.join(id);
    let file = folder.join(STATE);
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).step(format_args!("read `{}`", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::new("container does not exist")),
        Err(error) => Err(error).step(format_args!("read `{}`", file.display())),
    }
}

/// Whether somebody is changing the container.
pub fn is_busy(root: &Path, id: &str) -> bool {
    let shared = |file: File| flock(&file, FlockOperation::NonBlockingLockShared);
    File::open(root.join(id)).is_ok_and(|file| shared(file) == Err(Errno::WOULDBLOCK))
}

/// The specification that a container was made from.
pub fn spec(root: &Path, id: &str) -> Result<Spec, Error> {
    bundle::read_spec(&root.join(id).join(bundle::CONFIG)).map(|(spec, _)| spec)
}

/// The compiled filter of a container.
pub fn filter(root: &Path, id: &str) -> Option<Vec<u8>> {
    fs::read(root.join(id).join(FILTER)).ok()
}

impl Folder {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the record.
    pub fn write(&self, record: &Record) -> Result<(), Error> {
        let step = format!("write `{}`", self.path.join(STATE).display());
        let bytes = serde_json::to_vec(record).step(&step)?;
        let new = self.path.join(NEW_STATE);
        let mut file = File::create(&new).step(&step)?;
        file.write_all(&bytes).and_then(|()| fs::rename(&new, self.path.join(STATE))).step(step)
    }

    /// Keeps the specification.
    pub fn keep_spec(&self, text: &[u8]) -> Result<(), Error> {
        let kept = fs::write(self.path.join(bundle::CONFIG), text);
        kept.step(format_args!("copy the specification to `{}`", self.path.display()))
    }

    /// Keeps the compiled filter.
    pub fn keep_filter(&self, program: &[u8]) -> Result<(), Error> {
        fs::write(self.path.join(FILTER), program).step(format_args!("write `{}`", self.path.join(FILTER).display()))
    }

    /// Removes the folder with all that is ever made in it, and nothing else: a root file system that is seen in it is
    /// never come to.
    pub fn remove(self) -> Result<(), Error> {
        // What goes wrong here is told by the last step.
        for name in [STATE, NEW_STATE, bundle::CONFIG, FILTER, runtime::GATE] {
            let _ = fs::remove_file(self.path.join(name));
        }
        let _ = fs::remove_dir(self.path.join(ROOT));
        fs::remove_dir(&self.path).step(format_args!("remove `{}`", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_each_name_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("below");
        assert_eq!(open(&root, "a").unwrap_err().to_string(), "container does not exist");
        assert!(list(&root).unwrap().is_empty());
        let folder = make(&root, "a").unwrap();
        assert_eq!(make(&root, "a").unwrap_err().to_string(), "container with given ID already exists");
        assert!(open(&root, "a").unwrap_err().to_string().contains("another process") && is_busy(&root, "a"));
        assert_eq!(read(&root, "a").unwrap(), None);
        let record = Record::new("a", &Spec::default(), "/b".as_ref(), "/b/r".as_ref(), false);
        folder.write(&record).unwrap();
        assert_eq!(read(&root, "a").unwrap().unwrap(), record);
        drop(folder);
        assert!(!is_busy(&root, "a"));
        assert_eq!(list(&root).unwrap(), ["a"]);
        open(&root, "a").unwrap().remove().unwrap();
        assert_eq!(read(&root, "a").unwrap_err().to_string(), "container does not exist");
        assert!(make(&root, "../a").is_err());
    }
}
