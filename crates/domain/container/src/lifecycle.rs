//! What may happen to a container, decided from its state alone: no clock, no kernel.

use std::time::Duration;

use fault::{Fault, Result};

use crate::state::{Phase, State};

/// What a user asks of a container's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Run it.
    Start,
    /// End it gently.
    Stop,
    /// Send its PID 1 a signal.
    Kill,
    /// Freeze it.
    Pause,
    /// Let it go on.
    Unpause,
    /// Join its streams, now or when it starts.
    Attach,
    /// Run one more process in it.
    Exec,
    /// Set the size of its terminal.
    Resize,
    /// List its processes.
    Top,
    /// Put its root file system into an archive, or make an image of it.
    Export,
    /// Give it another name.
    Rename,
    /// Change its limits or its restart policy.
    Update,
    /// Take it away.
    Remove {
        /// Kill it first where it runs.
        force: bool,
    },
}

/// Says whether `verb` may happen now; the refusal has Docker's status and words. `name` is without its slash.
pub fn admit(state: &State, id: &str, name: &str, verb: Verb) -> Result<()> {
    match verb {
        Verb::Start => admit_start(state.phase),
        Verb::Stop => admit_stop(state.phase),
        Verb::Kill => admit_kill(state, id),
        Verb::Pause => admit_pause(state.phase, id),
        Verb::Unpause => admit_unpause(state.phase, id),
        Verb::Export => admit_change(state.phase, id, "exported"),
        Verb::Rename => admit_change(state.phase, id, "renamed"),
        Verb::Update => admit_change(state.phase, id, "changed"),
        Verb::Attach => admit_attach(state.phase, id),
        Verb::Exec => admit_exec(state.phase, id),
        Verb::Resize => admit_resize(state.phase, id),
        Verb::Top => admit_top(state.phase, id),
        Verb::Remove { force } => admit_remove(state.phase, name, force),
    }
}

fn admit_start(phase: Phase) -> Result<()> {
    match phase {
        Phase::Running => Err(Fault::not_modified("container is already running")),
        Phase::Paused => Err(Fault::conflict("cannot start a paused container, try unpause instead")),
        Phase::Removing | Phase::Dead => Err(Fault::conflict("container is marked for removal and cannot be started")),
        Phase::Created | Phase::Exited | Phase::Restarting => Ok(()),
    }
}

fn admit_stop(phase: Phase) -> Result<()> {
    match phase {
        Phase::Running | Phase::Paused | Phase::Restarting => Ok(()),
        _ => Err(Fault::not_modified("container is already stopped")),
    }
}

fn admit_kill(state: &State, id: &str) -> Result<()> {
    match state.phase {
        Phase::Running | Phase::Paused | Phase::Restarting => Ok(()),
        _ => Err(Fault::conflict(format!("container {id} is not running"))),
    }
}

fn admit_pause(phase: Phase, id: &str) -> Result<()> {
    match phase {
        Phase::Running => Ok(()),
        Phase::Paused => Err(Fault::conflict(format!("Container {id} is already paused"))),
        Phase::Restarting => {
            Err(Fault::conflict(format!("Container {id} is restarting, wait until the container is running")))
        }
        _ => Err(Fault::conflict(format!("container {id} is not running"))),
    }
}

/// The original answers 500 here, for what is no fault of the server.
fn admit_unpause(phase: Phase, id: &str) -> Result<()> {
    match phase {
        Phase::Paused => Ok(()),
        _ => Err(Fault::conflict(format!("Container {id} is not paused"))),
    }
}

fn admit_change(phase: Phase, id: &str, what: &str) -> Result<()> {
    match phase {
        Phase::Removing | Phase::Dead => {
            Err(Fault::conflict(format!("container {id} is marked for removal and cannot be {what}")))
        }
        _ => Ok(()),
    }
}

fn admit_attach(phase: Phase, id: &str) -> Result<()> {
    match phase {
        Phase::Paused => Err(Fault::conflict(format!("container {id} is paused, unpause the container before attach"))),
        Phase::Restarting => {
            Err(Fault::conflict(format!("container {id} is restarting, wait until the container is running")))
        }
        _ => Ok(()),
    }
}

fn admit_exec(phase: Phase, id: &str) -> Result<()> {
    match phase {
        Phase::Running => Ok(()),
        Phase::Paused => Err(Fault::conflict(format!("container {id} is paused, unpause the container before exec"))),
        Phase::Restarting => {
            Err(Fault::conflict(format!("Container {id} is restarting, wait until the container is running")))
        }
        _ => Err(Fault::conflict(format!("container {id} is not running"))),
    }
}

/// Between two runs there is no terminal.
fn admit_resize(phase: Phase, id: &str) -> Result<()> {
    match phase {
        Phase::Running | Phase::Paused => Ok(()),
        _ => Err(Fault::conflict(format!("container {id} is not running"))),
    }
}

fn admit_top(phase: Phase, id: &str) -> Result<()> {
    match phase {
        Phase::Paused => Ok(()),
        phase => admit_exec(phase, id),
    }
}

fn admit_remove(phase: Phase, name: &str, force: bool) -> Result<()> {
    let refuse = |state: &str, advice: &str| {
        Err(Fault::conflict(format!("cannot remove container \"{name}\": container is {state}: {advice}")))
    };
    match phase {
        Phase::Removing => Err(Fault::conflict(format!("removal of container {name} is already in progress"))),
        _ if force => Ok(()),
        Phase::Paused => Err(Fault::conflict(format!(
            "cannot remove container \"{name}\": container is paused and must be unpaused first"
        ))),
        Phase::Running => refuse("running", "stop the container before removing or force remove"),
        Phase::Restarting => refuse("restarting", "stop the container before removing or force remove"),
        Phase::Created | Phase::Exited | Phase::Dead => Ok(()),
    }
}

/// A restart policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Whenever it ends, and when the daemon starts.
    Always,
    /// As `Always`, but not at the daemon's start where a user had stopped it.
    UnlessStopped,
    /// When it ends with another code than 0.
    OnFailure {
        /// How often at most; 0 for ever.
        max: u32,
    },
}

impl Restart {
    /// Reads the API's pair of name and count, with dockerd's checks.
    pub fn parse(name: &str, max: i64) -> Result<Self> {
        if max < 0 {
            return Err(Fault::invalid("invalid restart policy: maximum retry count cannot be negative"));
        }
        let plain = |policy| match max {
            0 => Ok(policy),
            _ => Err(Fault::invalid(
                "invalid restart policy: maximum retry count can only be used with 'on-failure'".to_string(),
            )),
        };
        match name {
            "" | "no" => plain(Restart::No),
            "always" => plain(Restart::Always),
            "unless-stopped" => plain(Restart::UnlessStopped),
            "on-failure" => Ok(Restart::OnFailure { max: u32::try_from(max).unwrap_or(u32::MAX) }),
            other => Err(Fault::invalid(format!(
                "invalid restart policy: unknown policy '{other}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
            ))),
        }
    }
}

/// What follows the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterExit {
    /// Nothing.
    Stay,
    /// It is started again after this long.
    RestartIn(Duration),
    /// It is removed.
    Remove,
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LONG_RUN: Duration = Duration::from_secs(10);

/// Decides what follows the end of a run that lasted `uptime`.
///
/// The pause before a restart doubles from 100 ms up to a minute, and starts over after a run of 10 s, as dockerd's
/// (behaviour S117). `last_pause` is the pause before the run that ended.
pub fn after_exit(
    policy: Restart,
    auto_remove: bool,
    state: &State,
    uptime: Duration,
    last_pause: Option<Duration>,
) -> AfterExit {
    if auto_remove {
        return AfterExit::Remove;
    }
    let wanted = match policy {
        Restart::No => false,
        Restart::Always | Restart::UnlessStopped => true,
        Restart::OnFailure { max } => state.exit_code != 0 && (max == 0 || state.restart_count < max),
    };
    if !wanted || state.stopped_by_user {
        return AfterExit::Stay;
    }
    let pause = match last_pause {
        Some(pause) if uptime < LONG_RUN => (pause * 2).min(LONGEST_PAUSE),
        _ => FIRST_PAUSE,
    };
    AfterExit::RestartIn(pause)
}

/// Whether a container that does not run is started with the daemon (behaviours S113–S116).
pub fn starts_with_daemon(policy: Restart, state: &State) -> bool {
    match policy {
        Restart::No => false,
        Restart::Always => state.phase != Phase::Created,
        Restart::UnlessStopped => state.phase != Phase::Created && !state.stopped_by_user,
        Restart::OnFailure { max } => {
            state.phase == Phase::Exited && state.exit_code != 0 && (max == 0 || state.restart_count < max)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(phase: Phase) -> State {
        State { phase, ..State::default() }
    }

    #[test]
    fn verbs_are_admitted_by_phase() {
        use fault::Kind::{Conflict, NotModified};
        let remove = Verb::Remove { force: false };
        let force = Verb::Remove { force: true };
        for (phase, verb, expected) in [
            (Phase::Created, Verb::Start, None),
            (Phase::Running, Verb::Start, Some(NotModified)),
            (Phase::Paused, Verb::Start, Some(Conflict)),
            (Phase::Removing, Verb::Start, Some(Conflict)),
            (Phase::Exited, Verb::Stop, Some(NotModified)),
            (Phase::Running, Verb::Stop, None),
            (Phase::Exited, Verb::Kill, Some(Conflict)),
            (Phase::Created, Verb::Exec, Some(Conflict)),
            (Phase::Running, Verb::Pause, None),
            (Phase::Paused, Verb::Pause, Some(Conflict)),
            (Phase::Restarting, Verb::Pause, Some(Conflict)),
            (Phase::Exited, Verb::Pause, Some(Conflict)),
            (Phase::Paused, Verb::Unpause, None),
            (Phase::Running, Verb::Unpause, Some(Conflict)),
            (Phase::Paused, Verb::Kill, None),
            (Phase::Paused, Verb::Exec, Some(Conflict)),
            (Phase::Paused, Verb::Attach, Some(Conflict)),
            (Phase::Created, Verb::Attach, None),
            (Phase::Paused, Verb::Resize, None),
            (Phase::Restarting, Verb::Resize, Some(Conflict)),
            (Phase::Exited, Verb::Resize, Some(Conflict)),
            (Phase::Paused, Verb::Top, None),
            (Phase::Exited, Verb::Top, Some(Conflict)),
            (Phase::Paused, remove, Some(Conflict)),
            (Phase::Exited, Verb::Update, None),
            (Phase::Removing, Verb::Update, Some(Conflict)),
            (Phase::Dead, Verb::Rename, Some(Conflict)),
            (Phase::Running, Verb::Exec, None),
            (Phase::Running, remove, Some(Conflict)),
            (Phase::Running, force, None),
            (Phase::Removing, force, Some(Conflict)),
            (Phase::Exited, remove, None),
        ] {
            let got = admit(&state(phase), "abc", "web", verb).err().map(|fault| fault.kind());
            assert_eq!(got, expected, "{verb:?} in {phase:?}");
        }
    }

    #[test]
    fn the_pause_doubles_and_starts_over_after_a_long_run() {
        let s = state(Phase::Exited);
        let short = Duration::from_secs(1);
        let mut last = None;
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let AfterExit::RestartIn(pause) = after_exit(Restart::Always, false, &s, short, last) else { panic!() };
            pauses.push(pause.as_millis());
            last = Some(pause);
        }
        assert_eq!(pauses[..4], [100, 200, 400, 800]);
        assert_eq!(pauses[11], 60_000);
        let fresh = after_exit(Restart::Always, false, &s, Duration::from_secs(11), last);
        assert_eq!(fresh, AfterExit::RestartIn(FIRST_PAUSE));
    }

    #[test]
    fn policies_end_where_they_should() {
        let run = |policy, exit_code, count, stopped| {
            let s = State { exit_code, restart_count: count, stopped_by_user: stopped, ..state(Phase::Exited) };
            after_exit(policy, false, &s, Duration::ZERO, None)
        };
        assert_eq!(run(Restart::No, 1, 0, false), AfterExit::Stay);
        assert_eq!(run(Restart::OnFailure { max: 0 }, 0, 0, false), AfterExit::Stay);
        assert_eq!(run(Restart::OnFailure { max: 2 }, 1, 2, false), AfterExit::Stay);
        assert_eq!(run(Restart::OnFailure { max: 2 }, 1, 1, false), AfterExit::RestartIn(FIRST_PAUSE));
        assert_eq!(run(Restart::Always, 0, 0, true), AfterExit::Stay);
        assert_eq!(after_exit(Restart::No, true, &state(Phase::Exited), Duration::ZERO, None), AfterExit::Remove);
    }

    #[test]
    fn policies_are_read_as_the_api_gives_them() {
        assert_eq!(Restart::parse("on-failure", 3).unwrap(), Restart::OnFailure { max: 3 });
        assert_eq!(Restart::parse("", 0).unwrap(), Restart::No);
        for (name, max) in [("sometimes", 0), ("always", 2), ("on-failure", -1)] {
            assert_eq!(Restart::parse(name, max).unwrap_err().kind(), fault::Kind::InvalidParameter);
        }
    }

    #[test]
    fn the_daemon_starts_what_its_policy_says() {
        let stopped = State { stopped_by_user: true, exit_code: 137, ..state(Phase::Exited) };
        assert!(starts_with_daemon(Restart::Always, &stopped));
        assert!(!starts_with_daemon(Restart::UnlessStopped, &stopped));
        assert!(starts_with_daemon(Restart::OnFailure { max: 0 }, &stopped));
        assert!(!starts_with_daemon(Restart::No, &stopped));
        assert!(!starts_with_daemon(Restart::Always, &state(Phase::Created)));
    }
}
