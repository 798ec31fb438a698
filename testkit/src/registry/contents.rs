//! What a registry holds.

use std::collections::BTreeMap;

use names::Digest;
use sha2::{Digest as _, Sha256};

/// The digest of `bytes`.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::sha256(Sha256::digest(bytes).into())
}

/// A manifest with its media type.
#[derive(Clone, Debug)]
pub(super) struct StoredManifest {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Blobs of all repositories, and manifests by repository and by tag or digest.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub manifests: BTreeMap<(String, String), StoredManifest>,
}

impl Contents {
    pub fn add_blob(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = digest_of(&bytes);
        self.blobs.insert(digest.to_string(), bytes);
        digest
    }

    pub fn add_manifest(&mut self, repository: &str, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> Digest {
        let digest = digest_of(bytes);
        let names = tag.map(str::to_owned).into_iter().chain([digest.to_string()]);
        for name in names {
            let manifest = StoredManifest { media_type: media_type.to_owned(), bytes: bytes.to_vec() };
            self.manifests.insert((repository.to_owned(), name), manifest);
        }
        digest
    }

    /// The tags of a repository, or `None` when there is no such repository.
    pub fn tags(&self, repository: &str) -> Option<Vec<&str>> {
        let mut names =
            self.manifests.keys().filter(|(name, _)| name == repository).map(|(_, tag)| tag.as_str()).peekable();
        names.peek()?;
        Some(names.filter(|name| !name.contains(':')).collect())
    }
}

/// An image that a registry was given.
#[derive(Clone, Debug)]
pub struct Image {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The bytes of the manifest.
    pub manifest_bytes: Vec<u8>,
    /// The digest of the configuration: the image's id.
    pub config: Digest,
    /// The digests of the layers, lowest first.
    pub layers: Vec<Digest>,
}

/// Media types of Docker's schema 2.
pub(super) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

impl Contents {
    /// Adds an image of plain (uncompressed) layers.
    pub fn add_image(&mut self, repository: &str, tag: &str, layers: &[Vec<u8>]) -> Image {
        let digests: Vec<Digest> = layers.iter().map(|layer| self.add_blob(layer.clone())).collect();
        let config = serde_json::json!({
            "architecture": names::Platform::host().architecture(),
            "os": "linux",
            "config": {"Cmd": ["true"]},
            "rootfs": {"type": "layers", "diff_ids": digests.iter().map(Digest::as_str).collect::<Vec<_>>()},
        });
        let config_bytes = config.to_string().into_bytes();
        let config_size = config_bytes.len();
        let config = self.add_blob(config_bytes);
        let sized: Vec<_> = digests
            .iter()
            .zip(layers)
            .map(|(digest, layer)| serde_json::json!({"mediaType": LAYER, "size": layer.len(), "digest": digest.as_str()}))
            .collect();
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": config_size, "digest": config.as_str()},
            "layers": sized,
        });
        let manifest_bytes = manifest.to_string().into_bytes();
        let manifest = self.add_manifest(repository, Some(tag), MANIFEST, &manifest_bytes);
        Image { manifest, manifest_bytes, config, layers: digests }
    }
}
