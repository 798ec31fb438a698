//! Makes an image of a root file system: not there yet.

use std::io::Read;

use fault::{Fault, Result};
use names::{Platform, Reference};

use crate::{ImageId, Images};

/// What an import is told.
#[derive(Debug)]
pub struct Import {
    /// The image's name.
    pub target: Option<Reference>,
    /// Instructions for its configuration.
    pub changes: Vec<String>,
    /// Text of the commit.
    pub message: String,
    /// What it runs on.
    pub platform: Option<Platform>,
}

impl Images {
    /// Makes an image.
    pub fn import(&self, _archive: impl Read + Send, _import: Import) -> Result<ImageId> {
        Err(Fault::not_implemented("importing images is not implemented yet"))
    }
}
