//! The values of `--since` and `--until`: durations, dates and Unix times.

use crate::date::Instant;
use crate::duration::GoDuration;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

/// A text that is none of the accepted forms; the message is Go's, since Docker passes it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampError(String);

impl std::fmt::Display for TimestampError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimestampError {}

/// Turns `text` into the `seconds.nanoseconds` the API takes. A Go duration counts back from `now`; a date without an
/// offset is read in `zone`; plain numbers pass through.
pub fn timestamp(text: &str, now: Instant, zone: &TimeZone) -> Result<String, TimestampError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if let Ok(span) = GoDuration::parse(text) {
        let total = i128::from(now.seconds) * 1_000_000_000 + i128::from(now.nanos) - i128::from(span.0);
        return Ok(print(total.div_euclid(1_000_000_000) as i64, total.rem_euclid(1_000_000_000) as u32));
    }
    if let Some(at) = date(text, zone) {
        return Ok(print(at.seconds, at.nanos));
    }
    // What has a dash was meant as a date; anything else may be a Unix time.
    if text.contains('-') {
        return Err(TimestampError(unparsable(text)));
    }
    unix(text)
}

fn print(seconds: i64, nanos: u32) -> String {
    format!("{seconds}.{nanos:09}")
}

/// Every form between a day and a full RFC 3339 date, in local time unless an offset is given.
fn date(text: &str, zone: &TimeZone) -> Option<Instant> {
    if let Ok(at) = crate::date::parse_rfc3339(text) {
        return Some(at);
    }
    let (local, offset) = match text.strip_suffix('Z') {
        Some(local) => (local, TimeZone::UTC),
        None => split_offset(text).unwrap_or((text, zone.clone())),
    };
    let civil = civil(local)?;
    let stamp = civil.to_zoned_datetime(offset).ok()?.timestamp();
    Some(Instant { seconds: stamp.as_second(), nanos: stamp.subsec_nanosecond() as u32 })
}

fn split_offset(text: &str) -> Option<(&str, TimeZone)> {
    let at = text.len().checked_sub(6).filter(|at| *at > 10 || text.len() == 16)?;
    let (local, offset) = (text.get(..at)?, text.get(at..)?);
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let seconds = sign * (hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60);
    Some((local, TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?)))
}

fn civil(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let day: jiff::civil::Date = day.parse().ok().filter(|_| day.len() == 10)?;
    let time = match time {
        None => Time::midnight(),
        Some(hour) if hour.len() == 2 => Time::new(hour.parse().ok()?, 0, 0, 0).ok()?,
        Some(time) => time.parse().ok()?,
    };
    Some(day.to_datetime(time))
}

fn unix(text: &str) -> Result<String, TimestampError> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let valid = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !valid(seconds) || seconds.parse::<i64>().is_err() || !(fraction.is_empty() || valid(fraction)) {
        return Err(TimestampError(format!("failed to parse value as time or duration: {}", crate::quote(text))));
    }
    Ok(text.to_string())
}

/// Go names the field that is out of range where the shape is right, and otherwise the layout it expected.
fn unparsable(text: &str) -> String {
    let quoted = crate::quote(text);
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let dashed = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if let (true, Some(_), Some(month), Some(day)) = (dashed, number(0..4), number(5..7), number(8..10)) {
        let field = match (month, day, number(11..13)) {
            (0 | 13.., _, _) => "month",
            (_, _, Some(24..)) => "hour",
            _ => "day",
        };
        return format!("parsing time {quoted}: {field} out of range");
    }
    format!("parsing time {quoted} as \"2006-01-02\": cannot parse {quoted} as \"2006\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant { seconds: 1_000_000, nanos: 5 };

    #[test]
    fn durations_count_back() {
        assert_eq!(timestamp("10s", NOW, &TimeZone::UTC).unwrap(), "999990.000000005");
        assert_eq!(timestamp("0s", NOW, &TimeZone::UTC).unwrap(), "1000000.000000005");
    }

    #[test]
    fn dates_of_every_length() {
        for (text, expect) in [
            ("2006-01-02T15:04:05.999999999Z", "1136214245.999999999"),
            ("2006-01-02T15:04:05", "1136214245.000000000"),
            ("2006-01-02T15:04", "1136214240.000000000"),
            ("2006-01-02T15", "1136214000.000000000"),
            ("2006-01-02", "1136160000.000000000"),
            ("2006-01-02Z", "1136160000.000000000"),
            ("2006-01-02T15:04+01:00", "1136210640.000000000"),
        ] {
            assert_eq!(timestamp(text, NOW, &TimeZone::UTC).as_deref(), Ok(expect), "{text}");
        }
    }

    #[test]
    fn unix_times_pass_through_and_words_do_not() {
        assert_eq!(timestamp("1136073600", NOW, &TimeZone::UTC).unwrap(), "1136073600");
        assert_eq!(timestamp("1136073600.5", NOW, &TimeZone::UTC).unwrap(), "1136073600.5");
        assert!(timestamp("yesterday", NOW, &TimeZone::UTC).is_err());
        for (text, expect) in [
            ("20-1-1", r#"parsing time "20-1-1" as "2006-01-02": cannot parse "20-1-1" as "2006""#),
            ("2020-13-01", r#"parsing time "2020-13-01": month out of range"#),
            ("2020-01-01T25", r#"parsing time "2020-01-01T25": hour out of range"#),
            ("1.x", r#"failed to parse value as time or duration: "1.x""#),
        ] {
            assert_eq!(timestamp(text, NOW, &TimeZone::UTC).unwrap_err().to_string(), expect);
        }
    }
}
