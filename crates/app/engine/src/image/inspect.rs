//! Tells everything about one image.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use api::container::GraphDriver;
use api::image::{ImageInspect, ImageMetadata, RootFs};
use fault::Result;

use super::config_of;
use crate::clock;
use crate::inner::Inner;
use crate::request::ImageLook;

/// Tells everything about one.
pub async fn inspect(engine: &Arc<Inner>, request: ImageLook) -> Result<ImageInspect> {
    let image = engine.images.get(&request.name)?;
    let config = &image.config;
    let tagged =
        image.last_tagged().and_then(|time| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok());
    Ok(ImageInspect {
        id: image.id.to_string(),
        repo_tags: image.repo_tags(),
        repo_digests: image.repo_digests(),
        parent: String::new(),
        comment: config.history.last().map(|step| step.comment.clone()).unwrap_or_default(),
        created: config.created.clone().unwrap_or_default(),
        docker_version: config.docker_version.clone(),
        author: config.author.clone(),
        config: Some(config_of(&image)?),
        architecture: config.architecture.clone(),
        variant: config.variant.clone(),
        os: config.os.clone(),
        os_version: config.os_version.clone(),
        size: i64::try_from(image.size).unwrap_or(i64::MAX),
        graph_driver: graph_driver(engine, &image),
        root_fs: RootFs { kind: "layers".into(), layers: image.diff_ids().iter().map(ToString::to_string).collect() },
        metadata: ImageMetadata { last_tag_time: clock::rfc3339(tagged) },
    })
}

fn graph_driver(engine: &Inner, image: &image::Image) -> GraphDriver {
    let paths = engine.images.layer_paths(image);
    let mut data = std::collections::BTreeMap::new();
    if let Some((top, below)) = paths.split_first() {
        data.insert("UpperDir".to_owned(), top.display().to_string());
        if !below.is_empty() {
            let lower = below.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(":");
            data.insert("LowerDir".to_owned(), lower);
        }
    }
    GraphDriver { data: Some(data), name: crate::STORAGE_DRIVER.into() }
}
