//! All images at one instant: what readers get.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fault::{Fault, Result, Step};
use metastore::Catalogue;
use names::{Digest, Reference};
use oci::image::ImageConfig;

use crate::image::{Image, ImageId, Layer};
use crate::record::{IMAGES, ImageRecord, LAYERS, LayerRecord, REFERENCES};

/// All images, names and layers at one instant.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub images: BTreeMap<ImageId, Arc<Image>>,
    pub references: BTreeMap<Reference, ImageId>,
    pub layers: HashMap<Digest, Arc<LayerRecord>>,
}

impl State {
    /// Reads everything. A record that contradicts another is an error: the catalogue is written in whole changes.
    pub fn read(catalogue: &Catalogue) -> Result<Self> {
        let mut state = Self::default();
        for (key, record) in catalogue.all(&LAYERS).step("read layers")? {
            state.layers.insert(digest(&key)?, Arc::new(record));
        }
        for (key, record) in catalogue.all(&REFERENCES).step("read image references")? {
            let reference = key.parse().step(format_args!("read image reference `{key}`"))?;
            state.references.insert(reference, record.image);
        }
        for (key, record) in catalogue.all(&IMAGES).step("read images")? {
            let id = digest(&key)?;
            let image = state.image(&id, record)?;
            state.images.insert(id, Arc::new(image));
        }
        Ok(state)
    }

    /// Puts an image together from its record and what the state knows of its layers and names.
    pub fn image(&self, id: &ImageId, record: ImageRecord) -> Result<Image> {
        let config = ImageConfig::read(record.config.as_bytes()).step(format_args!("read image {id}"))?;
        let layers: Vec<Layer> =
            config.rootfs.diff_ids.iter().map(|diff_id| self.layer(diff_id)).collect::<Result<_>>()?;
        let named = self.references.iter().filter(|(_, image)| *image == id).map(|(reference, _)| reference.clone());
        let (digests, tags) = named.partition(|reference| reference.digest().is_some());
        Ok(Image {
            id: id.clone(),
            config_text: record.config,
            config,
            tags,
            digests,
            size: layers.iter().map(|layer| layer.size).sum(),
            layers,
            tagged: record.tagged,
            manifests: record.manifests,
        })
    }

    fn layer(&self, diff_id: &Digest) -> Result<Layer> {
        let record = self.layers.get(diff_id).ok_or_else(|| Fault::system(format!("no layer {diff_id}")))?;
        let LayerRecord { directory, size, is_opaque, blob } = (**record).clone();
        Ok(Layer { diff_id: diff_id.clone(), size, directory, is_opaque, blob })
    }

    /// Takes a new or changed image in; its names are those that the references say.
    pub fn put(&mut self, id: &ImageId, record: ImageRecord) -> Result<()> {
        let image = self.image(id, record)?;
        self.images.insert(id.clone(), Arc::new(image));
        Ok(())
    }

    /// Sorts out the names of an image anew after references have changed.
    pub fn rename(&mut self, id: &ImageId) -> Result<()> {
        match self.images.get(id) {
            Some(image) => self.put(id, record_of(image)),
            None => Ok(()),
        }
    }

    /// The layers that no image has.
    pub fn unused_layers(&self) -> Vec<Digest> {
        let used: std::collections::HashSet<&Digest> =
            self.images.values().flat_map(|image| image.diff_ids()).collect();
        self.layers.keys().filter(|diff_id| !used.contains(diff_id)).cloned().collect()
    }
}

/// The record of an image.
pub(crate) fn record_of(image: &Image) -> ImageRecord {
    ImageRecord { config: image.config_text.clone(), manifests: image.manifests.clone(), tagged: image.tagged }
}

fn digest(key: &str) -> Result<Digest> {
    key.parse().step(format_args!("read digest `{key}`"))
}
