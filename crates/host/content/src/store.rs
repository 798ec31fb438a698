//! The store: names and files.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use names::{Algorithm, Digest};

use crate::error::Error;
use crate::ingest::{Ingest, Staged};

/// The blob store below a data root; clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    blobs: PathBuf,
    ingest: PathBuf,
}

/// A blob that is open for reading.
#[derive(Debug)]
pub struct Blob {
    /// The file, at its first byte.
    pub file: File,
    /// Its size in bytes.
    pub size: u64,
}

impl Store {
    /// Opens the store below `data_root`, which exists, and removes what was under way when the last process ended.
    pub fn open(data_root: &Path) -> Result<Self, Error> {
        let store = Self { blobs: data_root.join("blobs"), ingest: data_root.join("ingest") };
        for directory in [&store.blobs.join("sha256"), &store.blobs.join("sha512"), &store.ingest] {
            make_private(directory)?;
        }
        for left_over in entries(&store.ingest)? {
            let path = store.ingest.join(left_over);
            fs::remove_file(&path).map_err(|error| Error::step("remove", &path, error))?;
        }
        Ok(store)
    }

    /// Starts a blob.
    pub fn ingest(&self, algorithm: Algorithm) -> Result<Ingest, Error> {
        let random = random_name().map_err(|error| Error::step("name a file in", &self.ingest, error))?;
        Ingest::create(self.ingest.join(random), algorithm)
    }

    /// Names a whole blob. The name is on disk after [`Store::sync_names`].
    pub fn publish(&self, staged: Staged) -> Result<(), Error> {
        staged.rename(&self.path(staged.digest()))
    }

    /// Waits till the names of all published blobs are on disk.
    pub fn sync_names(&self) -> Result<(), Error> {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let path = self.blobs.join(algorithm.name());
            let synced = File::open(&path).and_then(|directory| directory.sync_all());
            synced.map_err(|error| Error::step("sync", &path, error))?;
        }
        Ok(())
    }

    /// Opens a blob.
    pub fn blob(&self, digest: &Digest) -> Result<Blob, Error> {
        let path = self.path(digest);
        let open = || -> io::Result<Blob> {
            let file = File::open(&path)?;
            let size = file.metadata()?.len();
            Ok(Blob { file, size })
        };
        open().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(digest.clone()),
            _ => Error::step("open", &path, error),
        })
    }

    /// Whether the blob is there.
    pub fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Removes a blob; one that is not there is removed already.
    pub fn remove(&self, digest: &Digest) -> Result<(), Error> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::step("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Removes whatever lies among the blobs and is not wanted. Says how many files that were.
    pub fn collect(&self, wanted: impl Fn(&Digest) -> bool) -> Result<usize, Error> {
        let mut removed = 0;
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let directory = self.blobs.join(algorithm.name());
            for name in entries(&directory)? {
                let digest = name.to_str().and_then(|hex| format!("{}:{hex}", algorithm.name()).parse().ok());
                if !digest.is_some_and(|digest| wanted(&digest)) {
                    let path = directory.join(name);
                    fs::remove_file(&path).map_err(|error| Error::step("remove", &path, error))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(digest.algorithm().name()).join(digest.hex())
    }
}

fn make_private(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Error::step("make directory", path, error))
}

fn entries(directory: &Path) -> Result<Vec<std::ffi::OsString>, Error> {
    let read = || fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.file_name())).collect();
    let result: io::Result<_> = read();
    result.map_err(|error| Error::step("read directory", directory, error))
}

/// Sixteen hex digits from the kernel.
fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::hasher::Hasher;

    fn files(path: &Path) -> usize {
        fs::read_dir(path).unwrap().count()
    }

    #[test]
    fn a_blob_is_there_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let digest = Hasher::sha256(b"hello");
        let ingest = |bytes: &[u8]| {
            let mut ingest = store.ingest(Algorithm::Sha256).unwrap();
            ingest.append(bytes).unwrap();
            ingest
        };
        for (bytes, size) in [(&b"hellO"[..], None), (b"hello", Some(4)), (b"hello!", Some(5)), (b"hell", Some(5))] {
            assert!(ingest(bytes).verify(&digest, size).is_err());
        }
        drop(ingest(b"half"));
        assert_eq!(files(&root.path().join("ingest")), 0);
        assert!(matches!(store.blob(&digest), Err(Error::Missing(_))));

        let staged = ingest(b"hello").verify(&digest, Some(5)).unwrap();
        staged.sync().unwrap();
        assert!(!store.has(&digest));
        store.publish(staged).unwrap();
        store.sync_names().unwrap();
        let mut blob = store.blob(&digest).unwrap();
        let mut text = String::new();
        blob.file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), blob.size), ("hello", 5));
        store.remove(&digest).unwrap();
        store.remove(&digest).unwrap();
        assert!(!store.has(&digest));
    }

    #[test]
    fn what_nobody_wants_is_collected() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        for bytes in [b"one", b"two"] {
            let mut ingest = store.ingest(Algorithm::Sha256).unwrap();
            ingest.append(bytes).unwrap();
            store.publish(ingest.end()).unwrap();
        }
        fs::write(root.path().join("blobs/sha256/junk"), "").unwrap();
        fs::write(root.path().join("ingest/left-over"), "").unwrap();
        let store = Store::open(root.path()).unwrap();
        assert_eq!(files(&root.path().join("ingest")), 0);
        let one = Hasher::sha256(b"one");
        assert_eq!(store.collect(|digest| *digest == one).unwrap(), 2);
        assert!(store.has(&one));
        let mode = fs::metadata(root.path().join("blobs")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
