//! What the engine counts and measures of itself, under the names that dockerd has for it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use fault::Result;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::inner::Inner;
use crate::system;

/// The upper bounds of the classes of durations, in seconds: those of Prometheus' own libraries, and ten times finer
/// ones, where most of ours are.
const BOUNDS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Something that is done to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    Changes,
    Commit,
    Create,
    Delete,
    Start,
}

impl Act {
    const ALL: [Self; 5] = [Self::Changes, Self::Commit, Self::Create, Self::Delete, Self::Start];
}

impl EncodeLabelValue for Act {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Changes => "changes",
            Self::Commit => "commit",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Start => "start",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByAction {
    action: Act,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

/// What is counted while it happens; the rest is looked up when somebody asks.
#[derive(Debug)]
pub(crate) struct Metrics {
    actions: Family<ByAction, Histogram, fn() -> Histogram>,
    checks: Counter,
    failed_checks: Counter,
    check_starts: Histogram,
}

fn durations() -> Histogram {
    Histogram::new(BOUNDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let actions = Family::new_with_constructor(durations as fn() -> Histogram);
        // Who watches for a change wants to see what has not happened yet.
        for action in Act::ALL {
            drop(actions.get_or_create(&ByAction { action }));
        }
        Self { actions, checks: Counter::default(), failed_checks: Counter::default(), check_starts: durations() }
    }
}

impl Metrics {
    /// Measures how long an action takes; one that fails does not count.
    pub(crate) async fn timed<T>(&self, action: Act, work: impl Future<Output = Result<T>>) -> Result<T> {
        let begin = Instant::now();
        let value = work.await?;
        self.actions.get_or_create(&ByAction { action }).observe(begin.elapsed().as_secs_f64());
        Ok(value)
    }

    /// A health check was made ready in so long.
    pub(crate) fn check_started(&self, took: Duration) {
        self.check_starts.observe(took.as_secs_f64());
    }

    /// A health check has ended.
    pub(crate) fn checked(&self, failed: bool) {
        self.checks.inc();
        if failed {
            self.failed_checks.inc();
        }
    }
}

/// All of it in the text format of OpenMetrics 1.0.
pub(crate) fn metrics(engine: &Arc<Inner>) -> String {
    let mut registry = Registry::with_prefix("engine_daemon");
    let own = &engine.metrics;
    let actions = own.actions.clone();
    registry.register(
        "container_actions_seconds",
        "The number of seconds it takes to process each container action",
        actions,
    );
    registry.register("health_checks", "The total number of health checks", own.checks.clone());
    registry.register("health_checks_failed", "The total number of failed health checks", own.failed_checks.clone());
    let starts = own.check_starts.clone();
    registry.register(
        "health_check_start_duration_seconds",
        "The number of seconds it takes to prepare to run health checks",
        starts,
    );
    look_up(engine, &mut registry);
    let mut out = String::new();
    // A string takes everything.
    let _ = text::encode(&mut out, &registry);
    out
}

fn look_up(engine: &Arc<Inner>, registry: &mut Registry) {
    let info = system::info(engine);
    let states = Family::<ByState, Gauge>::default();
    for (state, count) in
        [("running", info.containers_running), ("paused", info.containers_paused), ("stopped", info.containers_stopped)]
    {
        states.get_or_create(&ByState { state }).set(count);
    }
    registry.register("container_states_containers", "The count of containers in various states", states);
    let labels = vec![
        ("version", info.server_version),
        ("commit", crate::BUILD.to_owned()),
        ("architecture", info.architecture),
        ("graphdriver", info.driver),
        ("kernel", info.kernel_version),
        ("os", info.operating_system),
        ("os_type", info.os_type),
        ("os_version", info.os_version),
        ("daemon_id", info.id),
    ];
    let facts = Family::<Vec<(&'static str, String)>, Gauge>::default();
    facts.get_or_create(&labels).set(1);
    registry.register("engine_info", "The information related to the engine and the OS it is running on", facts);
    for (name, help, value) in [
        ("engine_cpus_cpus", "The number of cpus that the host system of the engine has", info.n_cpu),
        ("engine_memory_bytes", "The number of bytes of memory that the host system of the engine has", info.mem_total),
        ("events_subscribers_total", "The number of current subscribers to events", info.n_events_listener),
    ] {
        let gauge = Gauge::<i64, AtomicI64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let events = Counter::<u64>::default();
    events.inc_by(engine.events.count());
    registry.register("events", "The number of events logged", events);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_succeeds_is_measured_and_what_fails_is_not() {
        let metrics = Metrics::default();
        metrics.timed(Act::Start, async { Ok(()) }).await.unwrap();
        metrics.timed(Act::Start, async { Err::<(), _>(fault::Fault::invalid("no")) }).await.unwrap_err();
        metrics.checked(true);
        metrics.checked(false);
        let mut registry = Registry::default();
        registry.register("actions", "x", metrics.actions.clone());
        registry.register("checks", "x", metrics.checks.clone());
        registry.register("failed", "x", metrics.failed_checks.clone());
        let mut out = String::new();
        text::encode(&mut out, &registry).unwrap();
        for line in [
            "actions_count{action=\"start\"} 1",
            "actions_count{action=\"create\"} 0",
            "checks_total 2",
            "failed_total 1",
            "# EOF",
        ] {
            assert!(out.lines().any(|known| known == line), "{line}: {out}");
        }
    }
}
