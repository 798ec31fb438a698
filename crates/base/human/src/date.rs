//! Dates as Go prints them, and RFC 3339 as it comes from the daemon.

use jiff::{Timestamp, tz::TimeZone};

/// A point in time: seconds and nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Seconds since the epoch; negative before it.
    pub seconds: i64,
    /// Nanoseconds within the second, below 10⁹.
    pub nanos: u32,
}

impl Instant {
    /// The instant Go calls zero: year 1. Docker uses it for "never".
    pub const ZERO: Instant = Instant { seconds: -62_135_596_800, nanos: 0 };

    /// A point given in nanoseconds since the epoch.
    pub fn from_nanos(nanos: i64) -> Instant {
        Instant { seconds: nanos.div_euclid(1_000_000_000), nanos: nanos.rem_euclid(1_000_000_000) as u32 }
    }

    fn zoned(self, zone: &TimeZone) -> jiff::ZonedDateTime {
        Timestamp::new(self.seconds, self.nanos as i32).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(zone.clone())
    }
}

/// A text that is not RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDateError(pub String);

impl std::fmt::Display for ParseDateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a date of RFC 3339: {}", crate::quote(&self.0))
    }
}

impl std::error::Error for ParseDateError {}

/// Reads RFC 3339 with any number of decimals.
pub fn parse_rfc3339(text: &str) -> Result<Instant, ParseDateError> {
    let stamp: Timestamp = text.parse().map_err(|_| ParseDateError(text.into()))?;
    let (mut seconds, mut nanos) = (stamp.as_second(), stamp.subsec_nanosecond());
    if nanos < 0 {
        (seconds, nanos) = (seconds - 1, nanos + 1_000_000_000);
    }
    Ok(Instant { seconds, nanos: nanos as u32 })
}

/// Go's `time.RFC3339Nano` in `zone`: trailing zeros of the fraction are cut.
pub fn rfc3339_nano(at: Instant, zone: &TimeZone) -> String {
    let digits = format!("{:09}", at.nanos);
    let digits = digits.trim_end_matches('0');
    let fraction = if digits.is_empty() { String::new() } else { format!(".{digits}") };
    with_fraction(at, zone, &fraction)
}

/// Go's `time.RFC3339` in `zone`.
pub fn rfc3339_seconds(at: Instant, zone: &TimeZone) -> String {
    with_fraction(at, zone, "")
}

/// RFC 3339 in `zone` with all nine decimals, so that lines of a log align.
pub fn rfc3339_nine(at: Instant, zone: &TimeZone) -> String {
    with_fraction(at, zone, &format!(".{:09}", at.nanos))
}

/// RFC 3339 in `zone` with six decimals.
pub fn rfc3339_micro(at: Instant, zone: &TimeZone) -> String {
    with_fraction(at, zone, &format!(".{:06}", at.nanos / 1000))
}

/// Go's `time.Stamp` in `zone`, as syslog had it before RFC 5424: `Jan _2 15:04:05`.
pub fn stamp(at: Instant, zone: &TimeZone) -> String {
    at.zoned(zone).strftime("%b %e %H:%M:%S").to_string()
}

fn with_fraction(at: Instant, zone: &TimeZone, fraction: &str) -> String {
    let zoned = at.zoned(zone);
    let offset = match zoned.offset().seconds() {
        0 => "Z".to_string(),
        _ => zoned.strftime("%:z").to_string(),
    };
    format!("{}{fraction}{offset}", zoned.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// Go's `Time.String()`: `2026-11-23 23:01:53 +0000 UTC`, with a fraction where there is one.
pub fn go_string(at: Instant, zone: &TimeZone) -> String {
    at.zoned(zone).strftime("%Y-%m-%d %H:%M:%S%.f %z %Z").to_string()
}

/// Go's `time.ANSIC`: `Mon Jan _2 15:04:05 2006`.
pub fn ansic(at: Instant, zone: &TimeZone) -> String {
    at.zoned(zone).strftime("%a %b %e %H:%M:%S %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_lose_their_zeros() {
        let at = parse_rfc3339("2026-11-23T23:01:53.360430000Z").unwrap();
        assert_eq!(rfc3339_nano(at, &TimeZone::UTC), "2026-11-23T23:01:53.36043Z");
        let whole = parse_rfc3339("2026-11-23T23:01:53+01:00").unwrap();
        assert_eq!(rfc3339_nano(whole, &TimeZone::UTC), "2026-11-23T22:01:53Z");
    }

    #[test]
    fn zones_print_as_go_prints_them() {
        let at = parse_rfc3339("2026-11-03T01:01:53Z").unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(rfc3339_nano(at, &zone), "2026-11-03T03:01:53+02:00");
        assert_eq!(go_string(at, &TimeZone::UTC), "2026-11-03 01:01:53 +0000 UTC");
        let fraction = Instant { nanos: 735_833_370, ..at };
        assert_eq!(go_string(fraction, &TimeZone::UTC), "2026-11-03 01:01:53.73583337 +0000 UTC");
        assert_eq!(ansic(at, &TimeZone::UTC), "Tue Nov  3 01:01:53 2026");
    }

    #[test]
    fn the_zero_of_go_is_year_one() {
        assert_eq!(parse_rfc3339("0001-01-01T00:00:00Z").unwrap(), Instant::ZERO);
    }
}
