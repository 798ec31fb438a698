//! Lines that say how long each step took.

use std::cell::Cell;
use std::time::Instant;

/// Prints one line per step on stderr, when wanted: after the client had to start a daemon, or with `GANTRY_TIMINGS=1`.
pub struct Timing {
    on: Cell<bool>,
    last: Cell<Instant>,
}

impl Timing {
    /// Counts from now; prints when the environment asks for it.
    pub fn new() -> Timing {
        let on = std::env::var_os("GANTRY_TIMINGS").is_some_and(|value| value == "1");
        Timing { on: Cell::new(on), last: Cell::new(Instant::now()) }
    }

    /// Prints from now on.
    pub fn enable(&self) {
        self.on.set(true);
    }

    /// Ends a step: prints what was reached and the time since the last step.
    pub fn step(&self, what: impl std::fmt::Display) {
        let took = self.last.replace(Instant::now()).elapsed();
        if self.on.get() {
            eprintln!("gantry: {what} in {}", milliseconds(took));
        }
    }
}

/// A span as the timing lines print it: `12 ms`, below ten with one decimal.
pub fn milliseconds(span: std::time::Duration) -> String {
    let value = span.as_secs_f64() * 1000.0;
    if value < 10.0 { format!("{value:.1} ms") } else { format!("{value:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;
    use std::time::Duration;

    #[test]
    fn short_spans_keep_a_decimal() {
        assert_eq!(milliseconds(Duration::from_micros(1540)), "1.5 ms");
        assert_eq!(milliseconds(Duration::from_millis(120)), "120 ms");
    }
}
