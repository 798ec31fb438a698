//! Opens the images of a data root and collects what the last process left.

use std::collections::HashSet;
use std::path::Path;

use fault::{Result, Step};
use metastore::Catalogue;
use names::{ContainerId, Digest};

use crate::claims::Claims;
use crate::images::Images;
use crate::state::State;

impl Images {
    /// Opens the images below `root`, which exists. Everything below it that neither the catalogue names nor
    /// `live_container` (asked with container ids) is removed.
    pub fn open(
        root: &Path,
        catalogue: Catalogue,
        registry: registry::Client,
        live_container: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let blobs = content::Store::open(root).step("open images")?;
        let layers = snapshot::Store::open(root).step("open images")?;
        let state = State::read(&catalogue)?;
        let claims = Claims::default();
        for container in layers.containers().step("open images")?.into_iter().filter(|id| live_container(id.as_str())) {
            claim(&claims, &state, &layers, container);
        }
        let images = Self::new(catalogue, blobs, layers, registry, claims, state);
        images.shared.collect_orphans_now()?;
        images.collect(live_container)?;
        Ok(images)
    }

    /// Removes files without a record.
    fn collect(&self, live_container: &dyn Fn(&str) -> bool) -> Result<()> {
        let state = self.state();
        let directories: HashSet<&str> = state.layers.values().map(|layer| layer.directory.as_str()).collect();
        let blobs: HashSet<&Digest> = state.layers.values().map(|layer| &layer.blob.digest).collect();
        let shared = &self.shared;
        let removed = shared.blobs.collect(|digest| blobs.contains(digest)).step("collect blobs")?
            + shared.layers.collect(|name| directories.contains(name), live_container).step("collect layers")?;
        if removed > 0 {
            tracing::info!(removed, "removed what was left over below the data root");
        }
        for layer in state.layers.values().filter(|layer| !shared.layers.layer(&layer.directory).is_dir()) {
            tracing::error!(
                directory = layer.directory,
                "a layer is gone from the disk; remove its images and pull again"
            );
        }
        Ok(())
    }
}

/// Claims what a container noted when it was created. A note that a power cut spoilt claims nothing: then the container's
/// image says what it stands on.
fn claim(claims: &Claims, state: &State, layers: &snapshot::Store, container: ContainerId) {
    let Ok(note) = layers.noted_layers(&container) else { return };
    let diff_ids: Option<Vec<Digest>> = note.lines().map(|line| line.parse().ok()).collect();
    if let Some(diff_ids) = diff_ids.filter(|ids| ids.iter().all(|id| state.layers.contains_key(id))) {
        claims.lock().add_container(container, diff_ids);
    }
}
