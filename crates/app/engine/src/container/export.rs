//! Puts the root file system of a container into an archive, without what is mounted in it.

use std::sync::Arc;

use ::archive::{Packer, TarWriter};
use bytes::Bytes;
use container::lifecycle::{self, Verb};
use fault::{Result, Step};

use super::view::{self, How};
use crate::action::Stream;
use crate::blocks;
use crate::inner::Inner;

/// Begins to write the archive.
pub async fn export(engine: &Arc<Inner>, target: &str) -> Result<Stream<Bytes>> {
    let handle = engine.containers.find(target)?;
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Export)?;
    let place = view::find(engine, &handle).await?;
    let (events, id, attributes) = (engine.events.clone(), record.id.to_string(), view.stored.attributes());
    blocks::stream("export", move |out| {
        place.see(How::Bare, |root| {
            let mut tar = TarWriter::new(&mut *out);
            Packer::of_tree(root).pack(&mut tar).step("export the container")?;
            tar.finish().map(drop).step("export the container")
        })?;
        events.emit("container", "export", &id, attributes);
        Ok(())
    })
}
