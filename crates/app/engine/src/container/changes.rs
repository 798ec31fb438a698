//! Tells how the files of a container differ from its image's.

use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;

use api::container::FilesystemChange;
use fault::{Result, Step};
use names::ContainerId;
use snapshot::{Change, Kind};

use super::start::blocking;
use crate::inner::Inner;

/// What a container is given before it runs, and what its first run is mounted on: none of it is the user's doing.
pub const MADE: [&str; 14] = [
    ".dockerenv",
    "dev",
    "dev/console",
    "dev/mqueue",
    "dev/pts",
    "dev/shm",
    "etc",
    "etc/hostname",
    "etc/hosts",
    "etc/mtab",
    "etc/resolv.conf",
    "proc",
    "sys",
    "sys/fs",
];

/// Tells the changes, sorted by path.
pub async fn changes(engine: &Arc<Inner>, target: &str) -> Result<Vec<FilesystemChange>> {
    let id = engine.containers.find(target)?.view().stored.record.clone();
    let owner = Arc::clone(engine);
    let all = blocking(move || compare(&owner, &id.id, &id.image_id)).await?;
    Ok(all.iter().map(describe).collect())
}

/// Compares the container's own layer with its image.
pub fn compare(engine: &Inner, id: &ContainerId, image: &names::Digest) -> Result<Vec<Change>> {
    let layers = engine.images.container_layers(id, image)?;
    let upper = std::fs::File::open(&layers.upper).step(format_args!("open {}", layers.upper.display()))?;
    let point: &Path = &engine.container_dir(id);
    let compare = |root: std::os::fd::BorrowedFd<'_>| snapshot::changes(upper.as_fd(), root, &MADE);
    let seen = snapshot::view::image(&layers.lower, point, compare).step("look at the container's image")?;
    seen.step("compare the container with its image")
}

fn describe(change: &Change) -> FilesystemChange {
    let kind = match change.kind {
        Kind::Modified => FilesystemChange::MODIFIED,
        Kind::Added => FilesystemChange::ADDED,
        Kind::Deleted => FilesystemChange::DELETED,
    };
    FilesystemChange { path: format!("/{}", String::from_utf8_lossy(&change.name)), kind }
}
