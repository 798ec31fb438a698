//! Makes an image of another one and a layer on top.

use std::io::{BufReader, Read};
use std::sync::Arc;

use archive::Limits;
use content::Hasher;
use fault::{Fault, Result, Step};
use names::Reference;
use oci::image::{ContainerConfig, HistoryEntry, ImageConfig, RootFs, media_type};

use crate::commit::{NewImage, Part};
use crate::image::{Image, ImageId};
use crate::images::{Images, Shared};
use crate::ingest::{StagedLayer, Wanted};
use crate::lookup::{key, no_such_image};

/// What is said of an image that is made from another one.
#[derive(Clone, Debug, Default)]
pub struct Derive {
    /// Its name.
    pub target: Option<Reference>,
    /// What its containers run.
    pub config: ContainerConfig,
    /// Who made it.
    pub author: String,
    /// A comment.
    pub comment: String,
    /// The command that made the layer.
    pub created_by: String,
    /// The container whose layer it is; empty for none.
    pub container: String,
}

impl Images {
    /// Makes an image of `base` and the layer that the plain archive `tar` holds; without one only its configuration is new.
    pub fn derive(&self, base: &ImageId, tar: Option<impl Read + Send>, derive: Derive) -> Result<ImageId> {
        if derive.target.as_ref().is_some_and(|target| target.digest().is_some()) {
            return Err(Fault::invalid("cannot import digest reference"));
        }
        let shared = &self.shared;
        let image = self.state().images.get(base).cloned().ok_or_else(|| no_such_image(base.as_str()))?;
        // Nobody may remove the layers below while the one on top is made.
        let mut parts = shared.claim_layers(&image)?;
        let layer = tar.map(|tar| shared.take_in_layer(tar)).transpose()?;
        let config = describe(&image, layer.as_ref(), &derive);
        parts.extend(layer.map(|layer| Part::Staged(Arc::new(layer))));
        let config = serde_json::to_string(&config).step("write image configuration")?;
        let new = NewImage {
            id: Hasher::sha256(config.as_bytes()),
            config,
            parts,
            manifest: None,
            names: derive.target.as_ref().map(key).into_iter().collect(),
        };
        let id = new.id.clone();
        shared.commit(new)?;
        Ok(id)
    }
}

impl Shared {
    fn claim_layers(&self, image: &Image) -> Result<Vec<Part>> {
        let exists = |diff_id: &_| self.state().layers.contains_key(diff_id);
        let claim = |diff_id| {
            let claim = self.claims.claim(diff_id, || exists(diff_id)).map(Part::Present);
            claim.ok_or_else(|| no_such_image(image.id.as_str()))
        };
        image.diff_ids().iter().map(claim).collect()
    }

    fn take_in_layer(&self, tar: impl Read + Send) -> Result<StagedLayer> {
        let wanted = Wanted { diff_id: None, blob: None, media_type: media_type::OCI_LAYER, limits: Limits::default() };
        self.take_in_plain(BufReader::with_capacity(256 << 10, tar), &wanted, &|_| {})
    }
}

fn describe(base: &Image, layer: Option<&StagedLayer>, derive: &Derive) -> ImageConfig {
    let created = Some(jiff::Timestamp::now().to_string());
    let step = HistoryEntry {
        created: created.clone(),
        author: derive.author.clone(),
        created_by: derive.created_by.clone(),
        comment: derive.comment.clone(),
        empty_layer: layer.is_none(),
    };
    let own = layer.map(|layer| layer.diff_id.clone());
    ImageConfig {
        created,
        author: derive.author.clone(),
        config: derive.config.clone(),
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids: base.diff_ids().iter().cloned().chain(own).collect() },
        history: base.config.history.iter().cloned().chain([step]).collect(),
        comment: derive.comment.clone(),
        container: derive.container.clone(),
        container_config: None,
        docker_version: String::new(),
        ..base.config.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Import;
    use crate::testing::{Home, layer};

    #[test]
    fn an_image_grows_by_a_layer_or_by_a_step_alone() {
        let home = Home::new();
        let images = home.images();
        let base = images.import(layer(&[("a", "1")]).as_slice(), Import::default()).unwrap();
        let derive = |step: &str| Derive {
            author: "me".into(),
            created_by: step.into(),
            config: ContainerConfig { working_dir: "/w".into(), ..ContainerConfig::default() },
            target: Some("new:1".parse().unwrap()),
            ..Derive::default()
        };
        let more = layer(&[("b", "2")]);
        let id = images.derive(&base, Some(more.as_slice()), derive("touch b")).unwrap();
        let image = images.get("new:1").unwrap();
        assert_eq!((&image.id, image.diff_ids().len(), image.config.history.len()), (&id, 2, 2));
        assert_eq!((image.config.author.as_str(), image.config.config.working_dir.as_str()), ("me", "/w"));
        let empty = images.derive(&id, None::<&[u8]>, derive("true")).unwrap();
        let image = images.get(empty.as_str()).unwrap();
        assert_eq!((image.diff_ids().len(), image.config.history.len()), (2, 3));
        assert!(image.config.history[2].empty_layer);
        assert!(images.get("new:1").unwrap().id == empty, "the name goes over");
    }

    #[test]
    fn what_fails_leaves_nothing() {
        let home = Home::new();
        let images = home.images();
        let base = images.import(layer(&[("a", "1")]).as_slice(), Import::default()).unwrap();
        let before = home.files();
        let broken = &layer(&[("b", "2")])[..700];
        assert!(images.derive(&base, Some(broken), Derive::default()).is_err());
        let nobody = names::Digest::sha256([7; 32]);
        assert_eq!(images.derive(&nobody, None::<&[u8]>, Derive::default()).unwrap_err().kind(), fault::Kind::NotFound);
        assert_eq!(home.files(), before);
        assert_eq!(images.list().len(), 1);
    }
}
