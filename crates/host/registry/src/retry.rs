//! When something is tried again.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

/// How often and how soon something is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The pause before the second try; it doubles with each one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The most tries in a row that bring nothing.
    pub tries: u32,
}

impl Backoff {
    /// The pause after `failures` in a row, or `None` when it is time to give up.
    pub fn pause(&self, failures: u32) -> Option<Duration> {
        if failures >= self.tries {
            return None;
        }
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(factor).min(self.longest))
    }
}

/// Whether an answer with this status may be another one soon.
pub fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// The seconds in `Retry-After`. The form with a date is not read.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let second = Duration::from_secs(1);
        let backoff = Backoff { first: second, longest: second * 3, tries: 4 };
        let pauses: Vec<_> = (1..6).map(|failures| backoff.pause(failures)).collect();
        assert_eq!(pauses, [Some(second), Some(second * 2), Some(second * 3), None, None]);
        let endless = Backoff { tries: u32::MAX, ..backoff };
        assert_eq!(endless.pause(1000), Some(second * 3));
    }

    #[test]
    fn reads_seconds_only() {
        let read = |text: &'static str| {
            retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, http::HeaderValue::from_static(text))]))
        };
        assert_eq!(read(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(read("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(read("-1"), None);
        assert_eq!(read("99999999999999999999999"), None);
    }
}
