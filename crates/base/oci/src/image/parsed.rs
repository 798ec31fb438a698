//! Tells a manifest from an index, so that every reader sees the same thing.
//!
//! The same bytes must never be a manifest to one program and an index to another (CVE-2021-41190). So the media type of
//! the header or the descriptor, the `mediaType` in the document, and the fields of the document have to agree, and a
//! document with the fields of both is refused, also when they are spelt in another case (Go's decoder takes those).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::media_type::{self, DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use super::{Index, MAX_MANIFEST, Manifest};

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// More bytes than a manifest may have.
    #[error("manifest has {size} bytes, more than the {MAX_MANIFEST} that are allowed")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
    },
    /// It is not JSON, lacks a field, or has too many layers or entries.
    #[error("manifest is malformed")]
    Malformed(#[from] serde_json::Error),
    /// It is of Docker's first schema.
    #[error("docker image manifest version 2, schema 1 is not supported")]
    Schema1,
    /// Its schema version is neither 1 nor 2.
    #[error("unsupported schema version {0}")]
    Version(u64),
    /// It has the fields of a manifest and of an index.
    #[error("manifest is ambiguous: it has both `{0}` and `{1}`")]
    Ambiguous(&'static str, &'static str),
    /// It has the fields of neither.
    #[error("manifest has neither `layers` nor `manifests`")]
    Neither,
    /// Nothing says what it is.
    #[error("manifest states no media type")]
    Untyped,
    /// The header or descriptor and the document differ.
    #[error("media type of the manifest is {document:?}, announced was {announced:?}")]
    Announced {
        /// What the document says.
        document: String,
        /// What the header or the descriptor said.
        announced: String,
    },
    /// The media type and the fields differ, or the type is unknown.
    #[error("unsupported manifest media type {media_type:?} for a document with `{field}`")]
    MediaType {
        /// What the header and the document agree on.
        media_type: String,
        /// The field that tells what the document is.
        field: &'static str,
    },
}

/// What a registry answers for a reference.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// One image.
    Manifest(Box<Manifest>),
    /// Images for several platforms.
    Index(Index),
}

impl Parsed {
    /// Reads a manifest or an index. `announced` is the media type in the `Content-Type` header or in the descriptor that
    /// led here. Only OCI documents may leave their own `mediaType` out, and then `announced` has to be there.
    pub fn read(bytes: &[u8], announced: Option<&str>) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_MANIFEST {
            return Err(ManifestError::TooLarge { size: bytes.len() });
        }
        let outline: Outline = serde_json::from_slice(bytes)?;
        let is_index = outline.is_index()?;
        outline.check_type(announced.map(media_type::essence).filter(|text| !text.is_empty()), is_index)?;
        Ok(if is_index {
            Parsed::Index(serde_json::from_slice(bytes)?)
        } else {
            Parsed::Manifest(Box::new(serde_json::from_slice(bytes)?))
        })
    }
}

/// The fields that tell what a document is.
const TELLING: [&str; 6] = ["schemaVersion", "mediaType", "config", "layers", "manifests", "fsLayers"];

/// The outline of a document: which telling fields it has.
#[derive(Default)]
struct Outline {
    version: Option<u64>,
    media_type: Option<String>,
    has_config: bool,
    has_layers: bool,
    has_manifests: bool,
    has_fs_layers: bool,
}

impl Outline {
    fn is_index(&self) -> Result<bool, ManifestError> {
        match self.version {
            Some(2) => {}
            Some(1) => return Err(ManifestError::Schema1),
            other => return Err(ManifestError::Version(other.unwrap_or(0))),
        }
        if self.has_fs_layers {
            return Err(ManifestError::Ambiguous("schemaVersion 2", "fsLayers"));
        }
        match (self.has_manifests, self.has_layers, self.has_config) {
            (true, true, _) => Err(ManifestError::Ambiguous("layers", "manifests")),
            (true, _, true) => Err(ManifestError::Ambiguous("config", "manifests")),
            (true, false, false) => Ok(true),
            (false, true, _) => Ok(false),
            (false, false, _) => Err(ManifestError::Neither),
        }
    }

    fn check_type(&self, announced: Option<String>, is_index: bool) -> Result<(), ManifestError> {
        let (docker, oci, field) =
            if is_index { (DOCKER_LIST, OCI_INDEX, "manifests") } else { (DOCKER_MANIFEST, OCI_MANIFEST, "layers") };
        let wrong = |media_type: &str| ManifestError::MediaType { media_type: media_type.to_owned(), field };
        match (&self.media_type, announced) {
            (None, None) => Err(ManifestError::Untyped),
            (None, Some(announced)) if announced == oci => Ok(()),
            (None, Some(announced)) if announced == docker => Err(ManifestError::Untyped),
            (None, Some(announced)) => Err(wrong(&announced)),
            (Some(document), Some(announced)) if *document != announced => {
                Err(ManifestError::Announced { document: document.clone(), announced })
            }
            (Some(document), _) if document == docker || document == oci => Ok(()),
            (Some(document), _) => Err(wrong(document)),
        }
    }
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a manifest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Outline, A::Error> {
        let mut outline = Outline::default();
        let mut seen: Vec<&str> = Vec::new();
        while let Some(key) = fields.next_key::<String>()? {
            let Some(field) = TELLING.iter().find(|field| field.eq_ignore_ascii_case(&key)) else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            if *field != key || seen.contains(field) {
                return Err(A::Error::custom(format_args!("field `{field}` is repeated or misspelt")));
            }
            seen.push(field);
            outline.take(field, &mut fields)?;
        }
        Ok(outline)
    }
}

impl Outline {
    fn take<'de, A: MapAccess<'de>>(&mut self, field: &str, fields: &mut A) -> Result<(), A::Error> {
        match field {
            "schemaVersion" => self.version = Some(fields.next_value()?),
            "mediaType" => self.media_type = fields.next_value::<Option<String>>()?.filter(|text| !text.is_empty()),
            "config" => self.has_config = is_set(fields)?,
            "layers" => self.has_layers = is_set(fields)?,
            "manifests" => self.has_manifests = is_set(fields)?,
            _ => self.has_fs_layers = is_set(fields)?,
        }
        Ok(())
    }
}

/// Any value counts, `null` and an empty list as well: another program may see something in it.
fn is_set<'de, A: MapAccess<'de>>(fields: &mut A) -> Result<bool, A::Error> {
    fields.next_value::<IgnoredAny>()?;
    Ok(true)
}

#[cfg(test)]
#[path = "parsed_test.rs"]
mod tests;
