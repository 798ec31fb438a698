//! Finds an image by what a user types.

use std::sync::Arc;

use fault::{Fault, Kind, Result};
use names::{Digest, Prefix, Reference};

use crate::image::{Image, ImageId};
use crate::state::State;

impl State {
    /// Docker's order: a digest is an id; then the references; then the ids by their first digits.
    pub fn find(&self, text: &str) -> Result<Arc<Image>> {
        if let Some(id) = as_id(text) {
            return self.images.get(&id).cloned().ok_or_else(|| no_such_image(id.as_str()));
        }
        let reference: Reference = text.parse().map_err(|error| Fault::from_error(Kind::InvalidParameter, &error))?;
        let known = self.resolve(&reference).or_else(|| self.by_prefix(text));
        let image = known.and_then(|id| self.images.get(id));
        image.cloned().ok_or_else(|| no_such_image(&reference.or_latest().familiar()))
    }

    /// The image that a reference leads to. With a digest the tag does not matter.
    pub fn resolve(&self, reference: &Reference) -> Option<&ImageId> {
        self.references.get(&key(reference))
    }

    fn by_prefix(&self, text: &str) -> Option<&ImageId> {
        let prefix = Prefix::parse(text.strip_prefix("sha256:").unwrap_or(text)).ok()?;
        let hex = prefix.resolve(self.images.keys().map(Digest::hex)).ok()?;
        self.images.keys().find(|id| id.hex() == hex)
    }
}

/// The name under which a reference is kept: by digest if it has one, else by tag.
pub(crate) fn key(reference: &Reference) -> Reference {
    match reference.digest() {
        Some(digest) => reference.with_digest(digest.clone()),
        None => reference.clone().or_latest(),
    }
}

/// A whole id, with or without its algorithm.
fn as_id(text: &str) -> Option<ImageId> {
    text.parse().or_else(|_| format!("sha256:{text}").parse()).ok()
}

pub(crate) fn no_such_image(name: &str) -> Fault {
    Fault::not_found(format!("No such image: {name}"))
}
