//! The time of day.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_clock_runs_in_nanoseconds() {
        assert!(super::now() > 1_700_000_000_000_000_000);
    }
}
