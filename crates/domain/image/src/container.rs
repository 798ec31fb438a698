//! What a container stands on: the layers of its image, and a directory of its own on top.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use fault::{Fault, Result, Step};
use names::{ContainerId, Digest};

use crate::image::{Image, ImageId};
use crate::images::{Images, Shared};
use crate::record::LayerRecord;

/// The directories of an overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The lower directories, topmost first; there is at least one.
    pub lower: Vec<PathBuf>,
    /// What the container writes.
    pub upper: PathBuf,
    /// For the kernel.
    pub work: PathBuf,
}

impl Images {
    /// Makes the writable directories of a container of `image`, and claims the image's layers for as long as the
    /// container exists. Nothing is synced: the container's own record says whether it is to last.
    pub fn create_container_layer(&self, image: &ImageId, container: &ContainerId) -> Result<Layers> {
        let shared = &self.shared;
        let diff_ids = self.claim_for(image, container)?;
        let make = || {
            let lower = shared.lower(container, &diff_ids)?;
            let list: Vec<&str> = diff_ids.iter().map(Digest::as_str).collect();
            let writable = shared.layers.create_container(container, &lower[0]).step("create container layer")?;
            shared.layers.note_layers(container, &list.join("\n")).step("create container layer")?;
            Ok(Layers { lower, upper: writable.upper, work: writable.work })
        };
        make().inspect_err(|_| {
            // Half of it may be there.
            let _ = shared.layers.remove_container(container);
            shared.claims.lock().remove_container(container);
        })
    }

    /// The directories of a container that exists.
    pub fn container_layers(&self, container: &ContainerId, image: &ImageId) -> Result<Layers> {
        let shared = &self.shared;
        let claimed = shared.claims.lock().of_container(container).map(<[Digest]>::to_vec);
        let diff_ids = match claimed {
            Some(diff_ids) => diff_ids,
            None => self.claim_for(image, container)?,
        };
        let writable = shared.layers.writable(container);
        Ok(Layers { lower: shared.lower(container, &diff_ids)?, upper: writable.upper, work: writable.work })
    }

    /// Throws away the directory of a container with everything in it, and gives its layers back.
    pub fn remove_container_layer(&self, container: &ContainerId) -> Result<()> {
        self.shared.layers.remove_container(container).step("remove container layer")?;
        self.shared.claims.lock().remove_container(container);
        self.shared.collect_orphans()
    }

    /// Bytes that the container has written.
    pub fn container_size(&self, container: &ContainerId) -> Result<u64> {
        self.shared.layers.container_size(container).step("measure container")
    }

    /// The directories of an image's layers as a container would mount them, topmost first.
    pub fn layer_paths(&self, image: &Image) -> Vec<PathBuf> {
        image.layers.iter().rev().map(|layer| self.shared.layers.layer(&layer.directory)).collect()
    }

    fn claim_for(&self, image: &ImageId, container: &ContainerId) -> Result<Vec<Digest>> {
        // A removal decides under the same lock, so the layers are there when it is given back.
        let mut claims = self.shared.claims.lock();
        let state = self.state();
        let image = state.images.get(image).ok_or_else(|| crate::lookup::no_such_image(image.as_str()))?;
        let diff_ids = image.diff_ids().to_vec();
        claims.add_container(container.clone(), diff_ids.clone());
        Ok(diff_ids)
    }
}

impl Shared {
    /// The lower directories for layers given lowest first.
    fn lower(&self, container: &ContainerId, diff_ids: &[Digest]) -> Result<Vec<PathBuf>> {
        let state = self.state();
        let record = |diff_id| state.layers.get(diff_id).cloned().ok_or_else(|| missing(diff_id));
        let layers: Vec<Arc<LayerRecord>> = diff_ids.iter().map(record).collect::<Result<_>>()?;
        let lower: Vec<_> = visible(&layers).map(|layer| self.layers.layer(&layer.directory)).collect();
        if lower.is_empty() {
            // Overlayfs wants at least one.
            return Ok(vec![self.layers.empty_lower(container).step("create container layer")?]);
        }
        Ok(lower)
    }
}

fn missing(diff_id: &Digest) -> Fault {
    Fault::system(format!("layer {diff_id} is missing"))
}

/// The layers that can be seen, topmost first: down to one that hides the rest, and each once. The kernel refuses the same
/// directory twice, and a second one below the first shows nothing that the first does not show or hide.
fn visible(layers: &[Arc<LayerRecord>]) -> impl Iterator<Item = &LayerRecord> {
    let mut seen = HashSet::new();
    let mut is_hidden = false;
    layers
        .iter()
        .rev()
        .take_while(move |layer| !std::mem::replace(&mut is_hidden, layer.is_opaque))
        .map(|layer| &**layer)
        .filter(move |layer| seen.insert(layer.directory.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::BlobRecord;

    fn layer(directory: &str, is_opaque: bool) -> Arc<LayerRecord> {
        let blob = BlobRecord { digest: Digest::sha256([0; 32]), size: 0, media_type: String::new() };
        Arc::new(LayerRecord { directory: directory.into(), size: 0, is_opaque, blob })
    }

    fn check(layers: &[(&str, bool)], expect: &[&str]) {
        let layers: Vec<_> = layers.iter().map(|(name, opaque)| layer(name, *opaque)).collect();
        let shown: Vec<_> = visible(&layers).map(|layer| layer.directory.as_str()).collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn the_topmost_comes_first_each_once_and_nothing_below_an_opaque_one() {
        check(&[("a", false), ("b", false)], &["b", "a"]);
        check(&[("a", false), ("b", false), ("a", false)], &["a", "b"]);
        check(&[("a", false), ("b", true), ("c", false)], &["c", "b"]);
        check(&[("a", false), ("b", true)], &["b"]);
        check(&[], &[]);
    }
}
