//! Makes a new image true.
//!
//! The order is the promise: files and blobs are on disk, then their names, then the record. A crash in between leaves
//! garbage that the next start collects, never a record without its files.

use std::sync::Arc;

use fault::{Result, Step};
use names::{Digest, Reference};

use crate::claims::Claim;
use crate::image::ImageId;
use crate::images::{Shared, Turn};
use crate::ingest::StagedLayer;
use crate::record::{IMAGES, ImageRecord, LAYERS, LayerRecord, ManifestRecord, REFERENCES, ReferenceRecord};
use crate::state::{State, record_of};
use crate::tag::now;

/// One layer of an image on its way in.
pub(crate) enum Part {
    /// It is there, and stays while this is held.
    Present(#[expect(dead_code, reason = "held for its drop")] Claim),
    /// It was unpacked for this image, and perhaps for others at the same time.
    Staged(Arc<StagedLayer>),
}

/// An image whose layers are all there or staged.
pub(crate) struct NewImage {
    pub id: ImageId,
    pub config: String,
    pub parts: Vec<Part>,
    pub manifest: Option<ManifestRecord>,
    pub names: Vec<Reference>,
}

/// What a commit did.
pub(crate) struct Committed {
    /// The names that other images lost by it.
    pub displaced: Vec<(Reference, ImageId)>,
}

/// A change of the records: one image, the layers that are new, and the names that lead to it from now on.
pub(crate) struct Change {
    pub id: ImageId,
    pub record: ImageRecord,
    pub layers: Vec<(Digest, LayerRecord)>,
    pub names: Vec<Reference>,
}

impl Shared {
    /// Commits an image. On an error nothing of it is left.
    pub fn commit(&self, new: NewImage) -> Result<Committed> {
        self.sync_contents(&new.parts)?;
        let turn = self.turn();
        let state = turn.state();
        let mut published = Published { shared: self, layers: Vec::new() };
        for part in &new.parts {
            published.publish(&state, part)?;
        }
        published.sync_names()?;
        let change = Change {
            record: merged_record(&state, &new),
            id: new.id,
            layers: published.layers.clone(),
            names: new.names,
        };
        let committed = self.apply(&turn, state, change)?;
        published.keep();
        Ok(committed)
    }

    /// One sync for all files of all layers, and one for each blob, which costs nothing where they share a file system.
    fn sync_contents(&self, parts: &[Part]) -> Result<()> {
        let staged: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Staged(layer) if !layer.is_published() => Some(layer),
                _ => None,
            })
            .collect();
        if staged.is_empty() {
            return Ok(());
        }
        self.layers.sync_contents().step("commit image")?;
        staged.iter().try_for_each(|layer| layer.sync_blob())
    }

    /// Commits a change of the records and shows it to readers.
    pub fn apply(&self, turn: &Turn<'_>, mut state: State, mut change: Change) -> Result<Committed> {
        if change.names.iter().any(|name| name.digest().is_none()) {
            change.record.tagged = Some(now());
        }
        self.catalogue.write(|write| change.write(write)).step("commit image")?;
        let Change { id, record, layers, names } = change;
        state.layers.extend(layers.into_iter().map(|(diff_id, layer)| (diff_id, Arc::new(layer))));
        let mut displaced = Vec::new();
        for name in names {
            match state.references.insert(name.clone(), id.clone()) {
                Some(loser) if loser != id => displaced.push((name, loser)),
                _ => {}
            }
        }
        state.put(&id, record)?;
        for (_, loser) in &displaced {
            state.rename(loser)?;
        }
        turn.publish(state);
        Ok(Committed { displaced })
    }
}

impl Change {
    fn write(&self, write: &mut metastore::Write<'_>) -> Result<(), metastore::Error> {
        for (diff_id, layer) in &self.layers {
            write.put(&LAYERS, diff_id.as_str(), layer)?;
        }
        for name in &self.names {
            write.put(&REFERENCES, &name.to_string(), &ReferenceRecord { image: self.id.clone() })?;
        }
        write.put(&IMAGES, self.id.as_str(), &self.record)
    }
}

/// The record that is there, if any, with the new manifest at the end.
fn merged_record(state: &State, new: &NewImage) -> ImageRecord {
    let known = state.images.get(&new.id).map(|image| record_of(image));
    let mut record =
        known.unwrap_or_else(|| ImageRecord { config: new.config.clone(), manifests: Vec::new(), tagged: None });
    if let Some(manifest) = &new.manifest {
        record.manifests.retain(|known| known.digest != manifest.digest);
        record.manifests.push(manifest.clone());
    }
    record
}

/// Layers and blobs that have their names but no record yet. Unless they are kept they go again.
struct Published<'s> {
    shared: &'s Shared,
    layers: Vec<(Digest, LayerRecord)>,
}

impl Published<'_> {
    fn publish(&mut self, state: &State, part: &Part) -> Result<()> {
        let Part::Staged(layer) = part else { return Ok(()) };
        let is_here = |diff_id| self.layers.iter().any(|(known, _)| known == diff_id);
        if state.layers.contains_key(&layer.diff_id) || is_here(&layer.diff_id) {
            return Ok(());
        }
        let record = layer.publish(self.shared)?;
        self.layers.push((layer.diff_id.clone(), record));
        Ok(())
    }

    fn sync_names(&self) -> Result<()> {
        if self.layers.is_empty() {
            return Ok(());
        }
        self.shared.layers.sync_names().step("commit image")?;
        self.shared.blobs.sync_names().step("commit image")
    }

    fn keep(mut self) {
        self.layers.clear();
    }
}

impl Drop for Published<'_> {
    fn drop(&mut self) {
        for (_, layer) in &self.layers {
            self.shared.discard(layer);
        }
    }
}

impl Shared {
    /// Throws away a layer that has no record. What fails here is collected at the next start.
    pub fn discard(&self, layer: &LayerRecord) {
        let removed = self.layers.remove_layer(&layer.directory).map_err(|error| fault::chain(&error));
        let blob = self.blobs.remove(&layer.blob.digest).map_err(|error| fault::chain(&error));
        for message in [removed, blob].into_iter().filter_map(Result::err) {
            tracing::warn!("remove layer: {message}");
        }
    }
}
