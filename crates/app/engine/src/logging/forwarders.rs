//! The tasks that bring logs to receivers: one for each container that needs one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use container::record::Record;
use fault::Result;
use logsink::Sink;
use tokio::sync::watch;

use super::cursor::Cursor;
use super::forward::{self, Job, Until};
use super::plan::{info, path, plan};
use crate::container::{Stored, View};
use crate::inner::Inner;

/// How long the removal of a container, and the end of the daemon, wait for a receiver to take the rest of its log.
const LAST_RECORDS: Duration = Duration::from_secs(5);

/// How long to wait until a log that could not be read is looked at again.
const AGAIN: Duration = Duration::from_secs(10);

/// Those that run, by container.
#[derive(Debug, Default)]
pub(crate) struct Forwarders(Mutex<HashMap<String, Forwarder>>);

#[derive(Debug)]
struct Forwarder {
    /// It goes on until so many runs have ended.
    ends: Arc<AtomicU64>,
    /// Closed when it has ended.
    over: watch::Receiver<()>,
    abort: tokio::task::AbortHandle,
}

impl Forwarders {
    /// Waits for the rest of a container's log to be taken, but not for ever.
    pub(crate) async fn finish(&self, id: &str) {
        let Some((mut over, abort)) = self.lock().get(id).map(|known| (known.over.clone(), known.abort.clone())) else {
            return;
        };
        // Its sender is never used: it is dropped with the task.
        if tokio::time::timeout(LAST_RECORDS, over.changed()).await.is_err() {
            tracing::warn!(container = id, "removed before its receiver took the rest of its log, which is lost");
            abort.abort();
        }
        self.lock().remove(id);
    }

    /// Waits, but not for ever, for all logs to be taken whose containers have ended. What is not taken waits for the next
    /// daemon.
    pub(crate) async fn drain(&self) {
        let all: Vec<_> = self.lock().values().map(|known| known.over.clone()).collect();
        let taken = async {
            for mut over in all {
                // As above.
                let _ = over.changed().await;
            }
        };
        let _ = tokio::time::timeout(LAST_RECORDS, taken).await;
    }

    /// Whether a container's log is being forwarded.
    pub(crate) fn is_busy(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Forwarder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a task that has come to the end of `ends` runs may leave.
    fn may_leave(&self, id: &str, ends: &AtomicU64, reached: u64) -> bool {
        let mut all = self.lock();
        let leaves = ends.load(Ordering::SeqCst) == reached;
        if leaves {
            all.remove(id);
        }
        leaves
    }
}

/// Makes the way to a container's receiver before the container starts, where it has one.
pub(crate) async fn open(engine: &Inner, stored: &Stored) -> Result<Option<Sink>> {
    let plan = plan(&stored.record)?;
    let info = info(engine, &stored.record, &plan)?;
    let Some(target) = plan.target else { return Ok(None) };
    let mut sink = Sink::new(target, info);
    sink.open().await?;
    Ok(Some(sink))
}

/// Forwards what a run prints that was found to be under way: the first whose end this daemon hears of.
pub(crate) fn resume(engine: &Arc<Inner>, stored: &Stored) {
    let Ok(handle) = engine.containers.find(stored.record.id.as_str()) else { return };
    spawn(engine, &stored.record, None, Some(handle.views), 1);
}

/// Forwards what a run prints that begins now. For the container's owner, who alone counts its ends.
pub(crate) fn begin(engine: &Arc<Inner>, stored: &Stored, sink: Option<Sink>) {
    let Ok(handle) = engine.containers.find(stored.record.id.as_str()) else { return };
    let ends = handle.view().ends + 1;
    spawn(engine, &stored.record, sink, Some(handle.views), ends);
}

/// Forwards what is left of the log of a container that does not run.
pub(crate) fn rest(engine: &Arc<Inner>, stored: &Stored) {
    spawn(engine, &stored.record, None, None, 0);
}

fn spawn(
    engine: &Arc<Inner>,
    record: &Record,
    sink: Option<Sink>,
    views: Option<watch::Receiver<Arc<View>>>,
    ends: u64,
) {
    // That its options are wrong was said when it was made, or is said when it starts.
    let Ok((plan, info)) = plan(record).and_then(|plan| info(engine, record, &plan).map(|info| (plan, info))) else {
        return;
    };
    let Some(target) = plan.target.clone() else { return };
    let id = record.id.to_string();
    let mut all = engine.forwarders.lock();
    if let Some(known) = all.get(&id) {
        known.ends.store(ends, Ordering::SeqCst);
        return;
    }
    let job = Job {
        engine: Arc::clone(engine),
        id: id.clone(),
        log: path(engine, record),
        cursor: Cursor::path(engine, record),
        patience: target.patience(),
        buffer: plan.buffer(),
        drops: matches!(plan.mode, logsink::Mode::NonBlocking(_)),
        sink: sink.unwrap_or_else(|| Sink::new(target, info)),
    };
    let ends = Arc::new(AtomicU64::new(ends));
    let (alive, over) = watch::channel(());
    let task = tokio::spawn(run(job, views, Arc::clone(&ends), alive));
    all.insert(id, Forwarder { ends, over, abort: task.abort_handle() });
}

async fn run(mut job: Job, views: Option<watch::Receiver<Arc<View>>>, ends: Arc<AtomicU64>, alive: watch::Sender<()>) {
    loop {
        let reached = ends.load(Ordering::SeqCst);
        let until = || Until::new(views.clone(), reached);
        if let Err(fault) = forward::run(&mut job, until()).await {
            tracing::error!(container = job.id, %fault, "its log cannot be forwarded now");
            tokio::time::sleep(AGAIN).await;
            if !until().is_over() {
                continue;
            }
        }
        if job.engine.forwarders.may_leave(&job.id, &ends, reached) {
            drop(alive);
            return;
        }
    }
}
