//! A blob on its way in.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use names::{Algorithm, Digest};

use crate::error::Error;
use crate::hasher::Hasher;

/// A file that is removed unless it is given its name.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After it was renamed nothing is here; what cannot be removed now is removed at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// A blob that takes bytes.
pub struct Ingest {
    temporary: Temporary,
    file: File,
    hash: Hasher,
    size: u64,
}

impl Ingest {
    pub(crate) fn create(path: PathBuf, algorithm: Algorithm) -> Result<Self, Error> {
        let file = File::create_new(&path).map_err(|error| Error::step("create", &path, error))?;
        Ok(Self { temporary: Temporary(path), file, hash: Hasher::new(algorithm), size: 0 })
    }

    /// The bytes taken so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes all of `bytes`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|error| Error::step("write", &self.temporary.0, error))?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Ends the blob, which has to have this digest and, where one was announced, this size.
    pub fn verify(self, wanted: &Digest, size: Option<u64>) -> Result<Staged, Error> {
        let staged = self.end();
        if let Some(size) = size.filter(|size| *size != staged.size) {
            return Err(Error::Size { wanted: wanted.clone(), size, actual: staged.size });
        }
        if staged.digest != *wanted {
            return Err(Error::Digest { wanted: wanted.clone(), actual: staged.digest.clone() });
        }
        Ok(staged)
    }

    /// Ends the blob, whatever it is.
    pub fn end(self) -> Staged {
        Staged { temporary: self.temporary, digest: self.hash.finish(), size: self.size }
    }
}

impl Write for Ingest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A whole blob without its name. It holds no descriptor: an archive may have thousands of files.
pub struct Staged {
    temporary: Temporary,
    digest: Digest,
    size: u64,
}

impl Staged {
    /// The digest of its bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The number of its bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Opens it for reading, from its first byte on.
    pub fn reader(&self) -> Result<File, Error> {
        File::open(&self.temporary.0).map_err(|error| Error::step("open", &self.temporary.0, error))
    }

    /// Waits till its bytes are on disk.
    pub fn sync(&self) -> Result<(), Error> {
        self.reader()?.sync_data().map_err(|error| Error::step("sync", &self.temporary.0, error))
    }

    /// Gives it its name, over one that has the same bytes. Its bytes should be on disk before.
    pub(crate) fn rename(&self, path: &Path) -> Result<(), Error> {
        fs::rename(&self.temporary.0, path).map_err(|error| Error::step("rename to", path, error))
    }
}
