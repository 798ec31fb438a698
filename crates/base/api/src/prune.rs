//! The answers of `POST /{containers,images,networks,volumes,build}/prune`.

use serde::{Deserialize, Serialize};

use crate::image::ImageDeleteItem;

/// Containers that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ContainersPruned {
    /// Their ids; `null` for none.
    pub containers_deleted: Option<Vec<String>>,
    /// Bytes.
    pub space_reclaimed: u64,
}

/// Images that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImagesPruned {
    /// Names and layers in the order in which they went; `null` for none.
    pub images_deleted: Option<Vec<ImageDeleteItem>>,
    /// Bytes.
    pub space_reclaimed: u64,
}

/// Networks that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworksPruned {
    /// Their names; `null` for none.
    pub networks_deleted: Option<Vec<String>>,
}

/// Volumes that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VolumesPruned {
    /// Their names; `[]` for none.
    pub volumes_deleted: Vec<String>,
    /// Bytes.
    pub space_reclaimed: u64,
}

/// What a builder had kept and is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct BuildCachePruned {
    /// Ids; `null` for none.
    pub caches_deleted: Option<Vec<String>>,
    /// Bytes.
    pub space_reclaimed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_as_docker_writes_it() {
        let text = |value: serde_json::Result<String>| value.unwrap();
        assert_eq!(
            text(serde_json::to_string(&ContainersPruned::default())),
            r#"{"ContainersDeleted":null,"SpaceReclaimed":0}"#
        );
        assert_eq!(
            text(serde_json::to_string(&VolumesPruned::default())),
            r#"{"VolumesDeleted":[],"SpaceReclaimed":0}"#
        );
        assert_eq!(text(serde_json::to_string(&NetworksPruned::default())), r#"{"NetworksDeleted":null}"#);
    }
}
