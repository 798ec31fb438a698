//! Makes an image of one layer from an archive of a root file system.

use std::io::{BufReader, Read};
use std::sync::Arc;

use archive::{Codec, Limits};
use content::Hasher;
use fault::{Fault, Result, Step};
use names::{Platform, Reference};
use oci::image::{ContainerConfig, HistoryEntry, ImageConfig, RootFs, media_type};

use crate::commit::{NewImage, Part};
use crate::image::ImageId;
use crate::images::{Images, Shared};
use crate::ingest::{StagedLayer, Wanted};
use crate::lookup::key;

/// What is said of an imported image.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// Its name.
    pub target: Option<Reference>,
    /// What its containers run.
    pub config: ContainerConfig,
    /// The comment of its only step.
    pub message: String,
    /// What it runs on; the host's platform if absent.
    pub platform: Option<Platform>,
}

impl Images {
    /// Imports `tar`, compressed or not. The same archive imported twice gives two images: the time is part of them.
    pub fn import(&self, tar: impl Read + Send, import: Import) -> Result<ImageId> {
        if import.target.as_ref().is_some_and(|target| target.digest().is_some()) {
            return Err(Fault::invalid("cannot import digest reference"));
        }
        let layer = self.shared.take_in_archive(tar)?;
        let config = describe(&layer, &import);
        let config = serde_json::to_string(&config).step("write image configuration")?;
        let new = NewImage {
            id: Hasher::sha256(config.as_bytes()),
            config,
            parts: vec![Part::Staged(Arc::new(layer))],
            manifest: None,
            names: import.target.as_ref().map(key).into_iter().collect(),
        };
        let id = new.id.clone();
        self.shared.commit(new)?;
        Ok(id)
    }
}

impl Shared {
    fn take_in_archive(&self, tar: impl Read + Send) -> Result<StagedLayer> {
        use std::io::BufRead;
        let mut tar = BufReader::with_capacity(256 << 10, tar);
        let start = tar.fill_buf().step("read archive")?;
        let codec = Codec::detect(start).step("read archive")?;
        let media_type = layer_type(codec);
        let wanted = Wanted { diff_id: None, blob: None, media_type, limits: Limits::default() };
        match codec {
            Codec::Plain => self.take_in_plain(tar, &wanted, &|_| {}),
            Codec::Gzip | Codec::Zstd => self.take_in(tar, &wanted, &|_| {}),
        }
    }
}

/// The media type of a layer that is kept as it came.
pub(crate) fn layer_type(codec: Codec) -> &'static str {
    match codec {
        Codec::Plain => media_type::OCI_LAYER,
        Codec::Gzip => media_type::OCI_LAYER_GZIP,
        Codec::Zstd => media_type::OCI_LAYER_ZSTD,
    }
}

fn describe(layer: &StagedLayer, import: &Import) -> ImageConfig {
    let platform = import.platform.clone().unwrap_or_else(Platform::host);
    let created = Some(jiff::Timestamp::now().to_string());
    let step = HistoryEntry { created: created.clone(), comment: import.message.clone(), ..HistoryEntry::default() };
    ImageConfig {
        created,
        architecture: platform.architecture().to_owned(),
        variant: platform.variant().to_owned(),
        os: platform.os().to_owned(),
        config: import.config.clone(),
        comment: import.message.clone(),
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids: vec![layer.diff_id.clone()] },
        history: vec![step],
        ..ImageConfig::default()
    }
}
