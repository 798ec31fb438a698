//! Takes images in from an archive: not there yet.

use std::io::Read;

use fault::{Fault, Result};

use crate::{ImageId, Images, Progress};

/// An image that was taken in.
#[derive(Debug)]
pub struct Loaded {
    /// Its id.
    pub id: ImageId,
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded image ID: {}", self.id)
    }
}

impl Images {
    /// Takes images in.
    pub fn load(&self, _archive: impl Read + Send, _progress: Progress) -> Result<Vec<Loaded>> {
        Err(Fault::not_implemented("loading images is not implemented yet"))
    }
}
