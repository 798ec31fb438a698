//! `GET /containers/{id}/changes`. Nothing changed is `null`.

use serde::{Deserialize, Serialize};

/// One path that differs from the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct FilesystemChange {
    /// In the container.
    pub path: String,
    /// One of the constants below.
    pub kind: u8,
}

impl FilesystemChange {
    /// It is another than the image's.
    pub const MODIFIED: u8 = 0;
    /// The image does not have it.
    pub const ADDED: u8 = 1;
    /// Only the image has it.
    pub const DELETED: u8 = 2;
}
