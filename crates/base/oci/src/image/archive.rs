//! `manifest.json` of the archives that `docker save` writes.

use serde::{Deserialize, Serialize};

use super::{MAX_LAYERS, MAX_MANIFEST, MAX_MANIFESTS, bounded};

/// Why bytes are no `manifest.json`.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// More bytes than it may have.
    #[error("manifest.json has {size} bytes, more than the {MAX_MANIFEST} that are allowed")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
    },
    /// It is not JSON, or a list is too long.
    #[error("manifest.json is malformed")]
    Malformed(#[from] serde_json::Error),
}

/// One image of an archive. The paths are names of entries of the archive, written by a stranger: compare them with the
/// names of entries, never join them to a directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ArchiveEntry {
    /// The entry with the image's configuration.
    pub config: String,
    /// The names it had, as `busybox:latest`; `null` when it had none.
    pub repo_tags: Option<Vec<String>>,
    /// The entries with the layers, lowest first.
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_LAYERS>")]
    pub layers: Vec<String>,
}

/// Reads `manifest.json`: the images of the archive.
pub fn parse_archive_manifest(bytes: &[u8]) -> Result<Vec<ArchiveEntry>, ArchiveError> {
    if bytes.len() > MAX_MANIFEST {
        return Err(ArchiveError::TooLarge { size: bytes.len() });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let entries = bounded::list::<_, _, MAX_MANIFESTS>(&mut deserializer)?;
    deserializer.end()?;
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_docker_writes() {
        let text = r#"[{"Config":"a.json","RepoTags":["busybox:latest"],"Layers":["1/layer.tar","2/layer.tar"]},
            {"Config":"b.json","RepoTags":null,"Layers":null,"LayerSources":{}}]"#;
        let entries = parse_archive_manifest(text.as_bytes()).unwrap();
        assert_eq!(entries[0].layers, ["1/layer.tar", "2/layer.tar"]);
        assert_eq!(entries[0].repo_tags, Some(vec!["busybox:latest".to_owned()]));
        assert_eq!((entries[1].repo_tags.clone(), entries[1].layers.len()), (None, 0));
    }

    #[test]
    fn sizes_are_bounded_and_rubbish_is_refused() {
        for text in ["", "{}", "[{]", "[]x", r#"[{"Layers":[1]}]"#] {
            assert!(parse_archive_manifest(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse_archive_manifest(format!("[{}]", vec!["{}"; 5000].join(",")).as_bytes()).is_err());
        assert!(parse_archive_manifest(&vec![b' '; MAX_MANIFEST + 1]).is_err());
        let layers = vec!["\"x\""; 501].join(",");
        assert!(parse_archive_manifest(format!(r#"[{{"Layers":[{layers}]}}]"#).as_bytes()).is_err());
    }
}
