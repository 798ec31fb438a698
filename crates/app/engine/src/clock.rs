//! The wall clock, in the engine's unit: nanoseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Now.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// RFC 3339 as Go prints it: nine digits at most, trailing zeros cut. Nothing is the year 1, as in the original.
pub fn rfc3339(time: Option<i64>) -> String {
    match time.and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok()) {
        Some(time) => time.to_string(),
        None => "0001-01-01T00:00:00Z".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_go_prints_them() {
        assert_eq!(rfc3339(None), "0001-01-01T00:00:00Z");
        assert_eq!(rfc3339(Some(1_700_000_000_120_000_000)), "2023-11-14T22:13:20.12Z");
        assert_eq!(rfc3339(Some(1_700_000_000_000_000_000)), "2023-11-14T22:13:20Z");
    }
}
