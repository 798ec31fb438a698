//! Writes images as an archive that `load` of every engine reads: `manifest.json` for Docker's, and an OCI image layout
//! around the same blobs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::sync::Arc;

use archive::{Entry, Kind, TarWriter};
use content::Hasher;
use fault::{Fault, Result, Step};
use names::{Digest, Reference};
use oci::image::{ArchiveEntry, Descriptor, DescriptorPlatform, Index, Manifest, Parsed, media_type};

use crate::image::Image;
use crate::images::{Images, Shared};
use crate::record::ManifestRecord;
use crate::state::State;

/// The annotation by which an image's full name is found again.
pub(crate) const IMAGE_NAME: &str = "io.containerd.image.name";
/// The one that the OCI layout has for tags.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

impl Images {
    /// Writes the images that `names` mean to `out`: a repository means all its tags, an id means the image without names.
    pub fn save(&self, names: &[String], out: impl Write) -> Result<()> {
        let state = self.state();
        let chosen = names.iter().try_fold(Chosen::default(), |chosen, name| chosen.with(&state, name))?;
        // Nothing of them may be removed while they are written.
        let claims: Vec<_> = chosen
            .images
            .iter()
            .flat_map(|(image, _)| image.diff_ids())
            .map(|diff_id| {
                let exists = || self.state().layers.contains_key(diff_id);
                let claim = self.shared.claims.claim(diff_id, exists);
                claim.ok_or_else(|| Fault::conflict("an image was removed meanwhile"))
            })
            .collect::<Result<_>>()?;
        let saved = Archive::new(&self.shared, out).write(&chosen);
        drop(claims);
        self.shared.collect_orphans()?;
        saved
    }
}

/// Images in the order of their first mention, each with the tags that were asked for.
#[derive(Default)]
struct Chosen {
    images: Vec<(Arc<Image>, BTreeSet<Reference>)>,
}

impl Chosen {
    fn with(mut self, state: &State, name: &str) -> Result<Self> {
        let typed: Option<Reference> = name.parse().ok();
        let tags: Vec<(&Reference, &Digest)> = match typed.filter(Reference::is_name_only) {
            Some(repository) => state
                .references
                .iter()
                .filter(|(known, _)| known.digest().is_none() && known.name_only() == repository)
                .collect(),
            None => Vec::new(),
        };
        for (tag, id) in &tags {
            self.add(&state.images[*id], Some(tag));
        }
        if tags.is_empty() {
            let image = state.find(name)?;
            let tag = name.parse().ok().filter(|typed| image.tags.contains(typed));
            self.add(&image, tag.as_ref());
        }
        Ok(self)
    }

    fn add(&mut self, image: &Arc<Image>, tag: Option<&Reference>) {
        let at = self.images.iter().position(|(known, _)| known.id == image.id).unwrap_or_else(|| {
            self.images.push((Arc::clone(image), BTreeSet::new()));
            self.images.len() - 1
        });
        self.images[at].1.extend(tag.cloned());
    }
}

struct Archive<'s, W> {
    shared: &'s Shared,
    tar: TarWriter<W>,
    written: BTreeSet<Digest>,
}

impl<'s, W: Write> Archive<'s, W> {
    fn new(shared: &'s Shared, out: W) -> Self {
        Self { shared, tar: TarWriter::new(out), written: BTreeSet::new() }
    }

    fn write(mut self, chosen: &Chosen) -> Result<()> {
        let mut manifests = Vec::new();
        let mut entries = Vec::new();
        for (image, tags) in &chosen.images {
            let descriptor = self.image(image)?;
            manifests.extend(named(&descriptor, tags));
            entries.push(archive_entry(image, tags));
        }
        let index = Index {
            schema_version: 2,
            media_type: Some(media_type::OCI_INDEX.to_owned()),
            manifests,
            annotations: BTreeMap::new(),
        };
        self.json("index.json", &index)?;
        self.json("manifest.json", &entries)?;
        self.document("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        self.tar.finish().map(drop).step("save")
    }

    /// Writes the blobs of an image; gives the descriptor of its manifest.
    fn image(&mut self, image: &Image) -> Result<Descriptor> {
        self.blob_of_text(&image.id, &image.config_text)?;
        for layer in &image.layers {
            if self.written.insert(layer.blob.digest.clone()) {
                let blob = self.shared.blobs.blob(&layer.blob.digest).step("save")?;
                self.append(&blob_path(&layer.blob.digest), blob.size, blob.file)?;
            }
        }
        let manifest = match faithful_manifest(image) {
            Some(manifest) => manifest.clone(),
            None => own_manifest(image)?,
        };
        self.blob_of_text(&manifest.digest, &manifest.bytes)?;
        let mut descriptor = descriptor(&manifest.media_type, manifest.digest, manifest.bytes.len() as u64);
        descriptor.platform = image.platform().map(|platform| DescriptorPlatform {
            architecture: platform.architecture().to_owned(),
            os: platform.os().to_owned(),
            variant: platform.variant().to_owned(),
            ..DescriptorPlatform::default()
        });
        Ok(descriptor)
    }

    fn blob_of_text(&mut self, digest: &Digest, text: &str) -> Result<()> {
        if self.written.insert(digest.clone()) { self.document(&blob_path(digest), text.as_bytes()) } else { Ok(()) }
    }

    fn json(&mut self, path: &str, value: &impl serde::Serialize) -> Result<()> {
        let text = serde_json::to_vec(value).step("save")?;
        self.document(path, &text)
    }

    fn document(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        self.append(path, bytes.len() as u64, bytes)
    }

    fn append(&mut self, path: &str, size: u64, content: impl Read) -> Result<()> {
        let entry = Entry {
            path: path.into(),
            link: Vec::new(),
            kind: Kind::File,
            size,
            mode: 0o644,
            uid: 0,
            gid: 0,
            // Equal images give equal archives.
            mtime: 0,
            mtime_nanoseconds: 0,
            xattrs: Vec::new(),
        };
        self.tar.append(&entry, content).step("save")
    }
}

pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

fn descriptor(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size,
        urls: Vec::new(),
        annotations: BTreeMap::new(),
        platform: None,
        artifact_type: None,
    }
}

/// The latest manifest that names the very blobs that are kept. A layer that was there already may have come as another
/// blob than the manifest says.
fn faithful_manifest(image: &Image) -> Option<&ManifestRecord> {
    image.manifests.iter().rev().find(|record| {
        let Ok(Parsed::Manifest(manifest)) = Parsed::read(record.bytes.as_bytes(), Some(&record.media_type)) else {
            return false;
        };
        manifest.layers.iter().map(|layer| &layer.digest).eq(image.layers.iter().map(|layer| &layer.blob.digest))
    })
}

/// A manifest of our own for the blobs that are kept.
fn own_manifest(image: &Image) -> Result<ManifestRecord> {
    let layer =
        |layer: &crate::image::Layer| descriptor(&layer.blob.media_type, layer.blob.digest.clone(), layer.blob.size);
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media_type::OCI_MANIFEST.to_owned()),
        artifact_type: None,
        config: descriptor(media_type::OCI_CONFIG, image.id.clone(), image.config_text.len() as u64),
        layers: image.layers.iter().map(layer).collect(),
        subject: None,
        annotations: BTreeMap::new(),
    };
    let bytes = serde_json::to_string(&manifest).step("save")?;
    Ok(ManifestRecord {
        digest: Hasher::sha256(bytes.as_bytes()),
        media_type: media_type::OCI_MANIFEST.to_owned(),
        bytes,
    })
}

/// One index entry for each tag, or one without a name.
fn named(descriptor: &Descriptor, tags: &BTreeSet<Reference>) -> Vec<Descriptor> {
    if tags.is_empty() {
        return vec![descriptor.clone()];
    }
    let with_tag = |tag: &Reference| {
        let mut named = descriptor.clone();
        named.annotations.insert(IMAGE_NAME.to_owned(), tag.to_string());
        named.annotations.insert(REF_NAME.to_owned(), tag.tag().unwrap_or_default().to_owned());
        named
    };
    tags.iter().map(with_tag).collect()
}

fn archive_entry(image: &Image, tags: &BTreeSet<Reference>) -> ArchiveEntry {
    let tags: Vec<String> = tags.iter().map(Reference::familiar).collect();
    ArchiveEntry {
        config: blob_path(&image.id),
        repo_tags: Some(tags).filter(|tags| !tags.is_empty()),
        layers: image.layers.iter().map(|layer| blob_path(&layer.blob.digest)).collect(),
    }
}
