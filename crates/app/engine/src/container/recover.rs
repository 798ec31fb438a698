//! Finds all containers again when the daemon starts: from files, never from events.
//!
//! ```text
//! record says     shim answers     exit record     what it is
//! anything        yes              –               running, adopted
//! anything        not in time      –               running, and its supervisor is stuck: it is adopted all the same
//! anything        no               there           exited, with that code
//! running         no               missing         exited, 255: nobody saw its end (power cut, kill of the shim)
//! anything else   no               missing         as the record says
//! ```
//!
//! A start or an end that no daemon has told is told now: a record says it only after the event was written, so where
//! record and finding differ the events' journal knows what is missing.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use container::health::Status;
use container::lifecycle::{self, Restart};
use container::state::Phase;
use fault::{Result, Step};
use shim_proto::{Request, Response, State};

use super::process::Process;
use super::start::Running;
use super::{Stored, actor, groups, orphans, untold};
use crate::clock;
use crate::inner::Inner;
use crate::shim::Shim;
use crate::store::CONTAINERS;

/// How long a shim may take to answer a daemon that starts.
const ANSWER: Duration = Duration::from_secs(1);

/// Reads what is stored, and says which containers there are. To be called before images are opened, which then keep
/// their layers.
pub fn stored(catalogue: &metastore::Catalogue, run_root: &Path) -> Result<Vec<Stored>> {
    let mut all: Vec<Stored> =
        catalogue.all(&CONTAINERS).step("read the containers")?.into_iter().map(|(_, stored)| stored).collect();
    for entry in fs::read_dir(run_root.join("containers")).into_iter().flatten().flatten() {
        let record = entry.path().join(crate::inner::RUN_RECORD);
        match fs::read(&record).map(|bytes| serde_json::from_slice::<Stored>(&bytes)) {
            Ok(Ok(stored)) => all.push(stored),
            Ok(Err(error)) => tracing::warn!(%error, file = %record.display(), "a container's record cannot be read"),
            Err(_) => {}
        }
    }
    Ok(all)
}

/// Takes all containers over.
pub async fn recover(engine: &Arc<Inner>, all: Vec<Stored>) {
    orphans::sweep(engine, &all.iter().map(|stored| stored.record.id.to_string()).collect());
    let mut found = Vec::new();
    for stored in all {
        let engine = Arc::clone(engine);
        found.push(tokio::spawn(async move { find(&engine, stored).await }));
    }
    let mut alive = Vec::new();
    let mut places = Vec::new();
    for task in found {
        let Ok(found) = task.await else { continue };
        places.extend(found.stored.endpoint.clone());
        alive.push(found);
    }
    untold::tell(engine, &alive).await;
    adopt_networks(engine, places).await;
    for Found { stored, running, .. } in alive {
        take_over(engine, stored, running).await;
    }
}

/// A container that was found.
pub(super) struct Found {
    /// What is known of it now.
    pub stored: Stored,
    /// Its run, where it has one.
    pub running: Option<Running>,
    /// Where it was by its record.
    pub before: Phase,
    /// When its last run was started, by its record.
    pub started_before: Option<i64>,
}

async fn find(engine: &Inner, stored: Stored) -> Found {
    let (before, started_before) = (stored.state().phase, stored.state().started_at);
    let (stored, running) = look(engine, stored).await;
    Found { stored, running, before, started_before }
}

/// What its shim says; where it lives and does not answer, what it has written down.
async fn ask(engine: &Inner, stored: &Stored, shim: &Shim) -> Option<(State, bool)> {
    match tokio::time::timeout(ANSWER, shim.ask(&Request::State)).await {
        Ok(Ok(Response::State { state })) => Some((state, true)),
        Ok(_) => None,
        Err(_) => {
            let state = groups::state(engine, &stored.record.id).ok()?;
            Process::open(state.shim).is_ok().then_some((state, false))
        }
    }
}

async fn look(engine: &Inner, mut stored: Stored) -> (Stored, Option<Running>) {
    let shim = Shim::new(engine.bundle(&stored.record.id));
    let answer = ask(engine, &stored, &shim).await;
    if let Some((State { init, started_at: Some(started_at), cgroups, shim: supervisor, .. }, answers)) = answer {
        let state = &mut stored.record.state;
        state.error = if answers { String::new() } else { super::actor::stuck(supervisor.pid) };
        // What stands on record may be older than the freezer's state.
        let is_frozen = cgroup::Cgroup::from_paths(cgroups).is_frozen();
        state.phase = if is_frozen { Phase::Paused } else { Phase::Running };
        state.pid = init.pid;
        state.started_at = Some(started_at);
        return (stored, Some(Running::found(init.pid, started_at, shim)));
    }
    stored.endpoint = None;
    if let Some(health) = &mut stored.record.state.health {
        health.status = Status::Unhealthy;
    }
    let recorded = engine.exit_record(&stored.record);
    let state = &mut stored.record.state;
    match recorded {
        Some(record) => {
            state.phase = Phase::Exited;
            state.exit_code = record.exit_code;
            state.oom_killed = record.oom_killed;
            state.finished_at = Some(record.exited_at);
            state.started_at = record.started_at.or(state.started_at);
        }
        None if state.phase.is_alive() || state.phase == Phase::Restarting => {
            state.exit_code = if state.phase == Phase::Restarting { state.exit_code } else { 255 };
            state.phase = Phase::Exited;
            state.finished_at = Some(clock::now());
        }
        None => {}
    }
    state.pid = 0;
    (stored, None)
}

async fn adopt_networks(engine: &Arc<Inner>, places: Vec<network::Endpoint>) {
    let engine = Arc::clone(engine);
    let adopted = tokio::task::spawn_blocking(move || {
        for place in &places {
            if let Err(fault) = engine.networks.adopt(place) {
                tracing::error!(container = place.container_id, %fault, "a running container's network was not taken over");
            }
        }
        engine.networks.sweep(&places);
    });
    let _ = adopted.await;
}

async fn take_over(engine: &Arc<Inner>, stored: Stored, running: Option<Running>) {
    let record = &stored.record;
    let (id, name) = (record.id.to_string(), record.name.clone());
    let removed = running.is_none()
        && (record.host_config.auto_remove || matches!(record.state.phase, Phase::Removing | Phase::Dead));
    if removed {
        return remove(engine, stored).await;
    }
    if let Err(fault) = engine.containers.reserve(&name, &id) {
        tracing::error!(container = id, %fault, "two containers have one name");
    }
    let policy = &record.host_config.restart_policy;
    let policy = Restart::parse(&policy.name, policy.maximum_retry_count).unwrap_or_default();
    let starts = running.is_none() && lifecycle::starts_with_daemon(policy, &record.state);
    engine.keep(&stored);
    let runs = running.is_some();
    engine.containers.insert(id.clone(), actor::spawn(engine, stored.clone(), running));
    if runs {
        crate::logging::resume(engine, &stored);
    } else {
        crate::logging::rest(engine, &stored);
    }
    if starts {
        let engine = Arc::clone(engine);
        tokio::spawn(async move {
            if let Err(fault) = super::start(&engine, &id).await {
                tracing::error!(container = id, %fault, "its restart policy could not start it");
            }
        });
    }
}

/// Removes a container that ended. Where a receiver takes the rest of its log, only the removal waits for that.
async fn remove(engine: &Arc<Inner>, stored: Stored) {
    crate::logging::rest(engine, &stored);
    let waits = engine.forwarders.is_busy(stored.record.id.as_str());
    let engine = Arc::clone(engine);
    let removal = async move {
        if let Err(fault) = engine.forget(&stored.record).await {
            tracing::error!(container = %stored.record.id, %fault, "an ended container was not removed");
        }
    };
    if waits {
        tokio::spawn(removal);
    } else {
        removal.await;
    }
}
