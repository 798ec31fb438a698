//! What the binary lends to the command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Starts a daemon on a socket and returns when it answers. The error is one line for the user.
pub type StartDaemon = fn(&Path) -> Result<StartedDaemon, String>;

/// Abilities that only the binary has.
#[derive(Clone, Copy, Default)]
pub struct Hooks {
    /// Starts a daemon on this socket and returns when it answers. The error is one line for the user.
    pub start_daemon: Option<StartDaemon>,
    /// Makes a program the leader of a session of its own when it starts, away from our terminal's signals.
    pub own_session: Option<client::OwnSession>,
}

/// A daemon that was just started.
#[derive(Clone, Debug)]
pub struct StartedDaemon {
    /// Its process.
    pub pid: u32,
    /// Where it writes its log.
    pub log: PathBuf,
    /// From its start to its first answer.
    pub took: Duration,
}
