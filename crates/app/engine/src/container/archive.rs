//! Copies files out of a container.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;

use ::archive::{Packer, TarWriter};
use api::container::PathStat;
use fault::{Result, Step};
use rustix::fs::{Mode, OFlags, openat};
use tokio::sync::oneshot;

use super::path::{self, Found, Wanted};
use super::view::{self, How};
use crate::blocks::{self, Out};
use crate::inner::Inner;
use crate::reply::Extract;
use crate::request::ContainerPath;

/// Tells what a path is.
pub async fn path_stat(engine: &Arc<Inner>, request: ContainerPath) -> Result<PathStat> {
    let wanted = Wanted::parse(&request.path)?;
    let handle = engine.containers.find(&request.target)?;
    let look = move |root: BorrowedFd<'_>| {
        let found = path::find(root, &wanted, &request.path, &request.target)?;
        Ok(path::describe(root, &wanted, &found))
    };
    view::see(engine, &handle, How::Read, look).await
}

/// Begins to copy; what is not there is an error before the first byte.
pub async fn archive(engine: &Arc<Inner>, request: ContainerPath) -> Result<Extract> {
    let wanted = Wanted::parse(&request.path)?;
    let handle = engine.containers.find(&request.target)?;
    let place = view::find(engine, &handle).await?;
    let (tell, told) = oneshot::channel();
    let view = handle.view();
    let (events, id, attributes) = (engine.events.clone(), view.stored.record.id.to_string(), view.stored.attributes());
    let archive = blocks::stream("archive", move |out| {
        place.see(How::Read, |root| {
            let found = path::find(root, &wanted, &request.path, &request.target);
            let (found, outcome) = match found {
                Ok(found) => (Some(path::describe(root, &wanted, &found)).zip(Some(found)), Ok(())),
                Err(fault) => (None, Err(fault)),
            };
            let Some((stat, found)) = found else {
                let _ = tell.send(outcome.map(|()| PathStat::default()));
                return Ok(());
            };
            if tell.send(Ok(stat)).is_err() {
                return Ok(());
            }
            events.emit("container", "archive-path", &id, attributes);
            pack(&wanted, &found, out)
        })
    })?;
    // Where the view itself failed, the stream has the reason.
    match told.await {
        Ok(stat) => Ok(Extract { stat: stat?, archive }),
        Err(_) => Err(reason(archive).await),
    }
}

async fn reason(mut archive: crate::action::Stream<bytes::Bytes>) -> fault::Fault {
    use tokio_stream::StreamExt as _;
    match archive.next().await {
        Some(Err(fault)) => fault,
        _ => fault::Fault::system("look into the container: it was not possible"),
    }
}

fn pack(wanted: &Wanted, found: &Found, out: &mut Out) -> Result<()> {
    let mut tar = TarWriter::new(out);
    let name = wanted.name.as_bytes();
    if found.is_directory() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = openat(&found.parent, found.child.as_slice(), flags, Mode::empty());
        let directory = directory.step(format_args!("open {}", wanted.path.display()))?;
        Packer::of_directory(directory.as_fd(), name).pack(&mut tar).step("copy from the container")?;
    } else {
        let packer = Packer::of_tree(found.parent.as_fd());
        packer.pack_one(&found.child, name, &mut tar).step("copy from the container")?;
    }
    tar.finish().map(drop).step("copy from the container")
}
