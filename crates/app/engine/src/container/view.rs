//! How the engine sees the files of a container, whether it runs or not.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use container::spec;
use fault::{Fault, Result, Step};
use snapshot::Writable;
use snapshot::view::{self, Still};

use super::start::apart;
use super::{Handle, Stored, join};
use crate::inner::Inner;

/// How long a run that has just ended may take to be known as ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is wanted of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// All that the container sees.
    Read,
    /// Its root file system alone, without what is mounted below.
    Bare,
    /// All that it sees, to be changed.
    Write,
}

/// Where the files are to be seen.
pub enum Place {
    /// In the mount namespace of its first process.
    Live(OwnedFd),
    /// In its layers.
    Still(Still),
}

/// Gives `work` the root of a container, open for reading, on a thread where it is seen. While a container that does not
/// run is written to it is not started.
pub async fn see<T: Send + 'static>(
    engine: &Arc<Inner>,
    handle: &Handle,
    how: How,
    work: impl FnOnce(BorrowedFd<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let held = if how == How::Write { Some(Arc::clone(&handle.files).lock_owned().await) } else { None };
    let place = find(engine, handle).await?;
    let held = held.filter(|_| matches!(place, Place::Still(_)));
    apart("files", move || {
        let seen = place.see(how, work);
        drop(held);
        seen
    })
    .await
}

/// Finds out where the files are now.
pub async fn find(engine: &Arc<Inner>, handle: &Handle) -> Result<Place> {
    let look = async {
        let mut views = handle.views.clone();
        loop {
            let view = views.borrow_and_update().clone();
            if view.gone {
                return Err(Fault::not_found(format!("No such container: {}", view.stored.record.id)));
            }
            if !view.stored.state().phase.is_alive() {
                return Ok(Place::Still(still(engine, &view.stored)?));
            }
            if let Ok(mounts) = join::mounts(engine, &view.stored.record) {
                return Ok(Place::Live(mounts));
            }
            // It has ended, and its owner is about to hear of it.
            let _ = views.changed().await;
        }
    };
    let late = |_| Fault::deadline("the container has ended, and its end is not known yet");
    tokio::time::timeout(PATIENCE, look).await.map_err(late)?
}

fn still(engine: &Inner, stored: &Stored) -> Result<Still> {
    let record = &stored.record;
    let layers = engine.images.container_layers(&record.id, &record.image_id)?;
    let binds = spec::binds(&record.host_config)?.into_iter().map(|bind| (bind.source, bind.target));
    Ok(Still {
        lower: layers.lower,
        writable: Writable { upper: layers.upper, work: layers.work },
        point: engine.container_dir(&record.id),
        binds: binds.collect(),
    })
}

impl Place {
    /// Gives `work` the root; see [`see`].
    pub fn see<T: Send>(&self, how: How, work: impl FnOnce(BorrowedFd<'_>) -> Result<T> + Send) -> Result<T> {
        use std::os::fd::AsFd as _;
        let seen = match (self, how) {
            (Self::Live(mounts), How::Bare) => view::live_bare(mounts.as_fd(), work),
            (Self::Live(mounts), _) => view::live(mounts.as_fd(), work),
            (Self::Still(still), How::Read) => still.read(work),
            (Self::Still(still), How::Bare) => still.read_bare(work),
            (Self::Still(still), How::Write) => still.write(work),
        };
        seen.step("look into the container")?
    }
}
