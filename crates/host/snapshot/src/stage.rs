//! A layer on its way in.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crate::error::{At, Error};
use crate::trash::Trash;

/// A directory for a layer that has no name yet. It is thrown away when it is dropped.
pub struct Stage {
    directory: PathBuf,
    root: File,
    trash: Option<Trash>,
}

impl Stage {
    pub(crate) fn new(directory: PathBuf, trash: Trash) -> Result<Self, Error> {
        let path = directory.join("diff");
        let root = File::open(&path).at("open", &path)?;
        Ok(Self { directory, root, trash: Some(trash) })
    }

    /// The layer's root, open for reading.
    pub fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// It has its name now.
    pub(crate) fn keep(mut self) {
        self.trash = None;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(trash) = &self.trash {
            // What cannot be moved now is collected at the next start.
            let _ = trash.take(&self.directory);
        }
    }
}
