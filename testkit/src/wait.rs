//! Waits for what comes by itself, as the kernel removes links and control groups some time after their last user.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take. It tells a thing that comes late from one that never does, so it is generous.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// Where there is none within [`PATIENCE`]; `what` names what was waited for.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
