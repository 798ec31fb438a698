//! Tells what takes room on the disk.

use std::sync::Arc;

use api::system::DiskUsage;
use fault::Result;

use crate::inner::Inner;
use crate::request::{ContainerList, DiskUsageRequest, ImageList};
use crate::{container, image};

/// Tells it, list by list.
pub async fn df(engine: &Arc<Inner>, request: DiskUsageRequest) -> Result<DiskUsage> {
    let mut usage = DiskUsage::default();
    if request.images {
        let all = ImageList { all: true, shared_size: true, ..ImageList::default() };
        usage.layers_size = i64::try_from(image::layers_size(engine)).unwrap_or(i64::MAX);
        usage.images = Some(image::list(engine, all).await?);
    }
    if request.containers {
        let all = ContainerList { all: true, size: true, ..ContainerList::default() };
        usage.containers = Some(container::list(engine, all).await?);
    }
    // Neither is there yet: nothing is taken by them.
    usage.volumes = request.volumes.then(Vec::new);
    usage.build_cache = request.build_cache.then(Vec::new);
    Ok(usage)
}
