//! Where a container is in its life, and what is remembered of its last run.

use crate::health::Health;
use serde::{Deserialize, Serialize};

/// The phase of a container's life.
///
/// ```text
///            Start            exits
/// Created ─────────► Running ───────► Exited ──Remove──► Removing ──► (gone)
///    │                 ▲ │              │  │
///    │         Start   │ └──► Restarting┘  └── Start ──► Running
///    │               Pause Unpause
///    │                 ▼ │
///    │                Paused
///    └─────Remove─────────────────────────────────────► Removing
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Made, never started.
    #[default]
    Created,
    /// Its PID 1 runs.
    Running,
    /// Frozen.
    Paused,
    /// Ended, and waiting to be started again by its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Its removal failed half-way.
    Dead,
}

impl Phase {
    /// The word of the Engine API.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Created => "created",
            Phase::Running => "running",
            Phase::Paused => "paused",
            Phase::Restarting => "restarting",
            Phase::Removing => "removing",
            Phase::Exited => "exited",
            Phase::Dead => "dead",
        }
    }

    /// Whether a PID 1 exists.
    pub fn is_alive(self) -> bool {
        matches!(self, Phase::Running | Phase::Paused)
    }
}

/// The phase and the facts of the present or last run. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The phase.
    pub phase: Phase,
    /// PID 1 in the host's namespace; 0 while there is none.
    pub pid: i32,
    /// Exit code of the last run.
    pub exit_code: i32,
    /// Why the last start failed; empty where it did not.
    pub error: String,
    /// Whether the kernel killed something in the last run for lack of memory.
    pub oom_killed: bool,
    /// Start of the present or last run.
    pub started_at: Option<i64>,
    /// End of the last run.
    pub finished_at: Option<i64>,
    /// Whether a user stopped it; its restart policy then leaves it alone.
    pub stopped_by_user: bool,
    /// How often its restart policy has started it.
    pub restart_count: u32,
    /// Whether it is well; nothing where nobody probes.
    pub health: Option<Health>,
}
