//! Starts and ends of containers that happened without a daemon to tell of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use container::state::Phase;

use super::recover::Found;
use super::start::blocking;
use crate::inner::Inner;

/// Tells what no daemon has told yet.
pub async fn tell(engine: &Arc<Inner>, all: &[Found]) {
    let doubtful: HashSet<String> =
        all.iter().filter(|found| is_doubtful(found)).map(|found| found.stored.record.id.to_string()).collect();
    if doubtful.is_empty() {
        return;
    }
    let (owner, ids) = (Arc::clone(engine), doubtful.clone());
    let last = blocking(move || owner.events.last_of(&ids, &["start", "die"])).await.unwrap_or_else(|fault| {
        tracing::warn!(%fault, "what happened before cannot be read: some of it may be told twice");
        BTreeMap::new()
    });
    for found in all {
        let id = found.stored.record.id.as_str();
        if !doubtful.contains(id) {
            continue;
        }
        for action in missing(last.get(id).map(String::as_str), found.running.is_some()) {
            let mut attributes = found.stored.attributes();
            if *action == "die" {
                let state = found.stored.state();
                let time = state.finished_at.zip(state.started_at).map_or(0, |(end, start)| end - start);
                attributes.insert("exitCode".into(), state.exit_code.to_string());
                attributes.insert("execDuration".into(), (time.max(0) / 1_000_000_000).to_string());
            }
            engine.events.emit("container", action, id, attributes);
        }
    }
}

/// Whether the record can be older than what has happened.
fn is_doubtful(found: &Found) -> bool {
    let state = found.stored.state();
    match &found.running {
        Some(_) => !found.before.is_alive() || found.started_before != state.started_at,
        None => {
            let was_alive = found.before.is_alive();
            let ran_since = state.started_at.is_some() && found.started_before != state.started_at;
            was_alive || ran_since || found.before == Phase::Restarting
        }
    }
}

/// What is missing after the last event of a container that is found to run, or not.
fn missing(last: Option<&str>, runs: bool) -> &'static [&'static str] {
    match (last, runs) {
        (Some("start"), true) => &[],
        (_, true) => &["start"],
        (Some("start"), false) => &["die"],
        (Some("die"), false) => &[],
        (_, false) => &["start", "die"],
    }
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_is_missing_follows_from_the_last_event() {
        assert_eq!(missing(None, true), ["start"]);
        assert_eq!(missing(Some("die"), true), ["start"], "of an earlier run");
        assert_eq!(missing(Some("start"), true), [""; 0]);
        assert_eq!(missing(Some("start"), false), ["die"]);
        assert_eq!(missing(Some("die"), false), [""; 0]);
        assert_eq!(missing(None, false), ["start", "die"]);
    }
}
