//! Go's `time.Duration`: nanoseconds, its text form and its parser.

use crate::quote::quote;

/// A signed span of time in nanoseconds, read and printed as Go does (`1h2m3.5s`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(pub i64);

/// Why a duration could not be read; the text is Go's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDurationError(String);

impl std::fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseDurationError {}

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl GoDuration {
    /// Whole seconds, cut towards zero.
    pub fn as_secs(self) -> i64 {
        self.0 / 1_000_000_000
    }

    /// Reads Go's notation: a sign, then numbers each with a unit; `0` alone needs none.
    pub fn parse(text: &str) -> Result<GoDuration, ParseDurationError> {
        let invalid = || ParseDurationError(format!("time: invalid duration {}", quote(text)));
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(GoDuration(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total = 0i128;
        while !rest.is_empty() {
            let (amount, tail) = take_number(rest).ok_or_else(invalid)?;
            let (unit, tail) = take_unit(tail, text)?;
            total = total.checked_add(amount.times(unit).ok_or_else(invalid)?).ok_or_else(invalid)?;
            rest = tail;
        }
        let total = if negative { -total } else { total };
        i64::try_from(total).map(GoDuration).map_err(|_| invalid())
    }
}

/// A decimal number as integer and fraction, exact.
struct Amount {
    whole: i128,
    fraction: i128,
    scale: i128,
}

impl Amount {
    fn times(&self, unit: i128) -> Option<i128> {
        self.whole.checked_mul(unit)?.checked_add(self.fraction * unit / self.scale)
    }
}

fn take_number(text: &str) -> Option<(Amount, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut rest) = text.split_at(digits);
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        let count = after.bytes().take_while(u8::is_ascii_digit).count();
        (fraction, rest) = after.split_at(count);
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // More than eighteen decimals cannot change a nanosecond count.
    let fraction = &fraction[..fraction.len().min(18)];
    let amount = Amount {
        whole,
        fraction: if fraction.is_empty() { 0 } else { fraction.parse().ok()? },
        scale: 10i128.pow(fraction.len() as u32),
    };
    Some((amount, rest))
}

fn take_unit<'a>(text: &'a str, whole: &str) -> Result<(i128, &'a str), ParseDurationError> {
    let end = text.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(text.len());
    let (unit, rest) = text.split_at(end);
    if unit.is_empty() {
        return Err(ParseDurationError(format!("time: missing unit in duration {}", quote(whole))));
    }
    match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, nanos)) => Ok((*nanos, rest)),
        None => Err(ParseDurationError(format!("time: unknown unit {} in duration {}", quote(unit), quote(whole)))),
    }
}

impl std::fmt::Display for GoDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{sign}{nanos}ns"),
            1_000..1_000_000 => write!(f, "{sign}{}µs", fraction(nanos, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{sign}{}ms", fraction(nanos, 1_000_000)),
            _ => {
                let minutes = nanos / 60_000_000_000;
                let seconds = fraction(nanos % 60_000_000_000, 1_000_000_000);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(f, "{sign}{seconds}s"),
                    (0, minutes) => write!(f, "{sign}{minutes}m{seconds}s"),
                    (hours, minutes) => write!(f, "{sign}{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

fn fraction(nanos: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", nanos / unit, nanos % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_trip_through_go_notation() {
        for (text, printed) in [
            ("1h2m3.5s", "1h2m3.5s"),
            ("90s", "1m30s"),
            ("1.5h", "1h30m0s"),
            ("100ms", "100ms"),
            ("1us", "1µs"),
            ("-5m", "-5m0s"),
            ("0", "0s"),
            (".5s", "500ms"),
            ("2160h", "2160h0m0s"),
        ] {
            assert_eq!(GoDuration::parse(text).unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn errors_are_gos() {
        for (text, expect) in [
            ("", r#"time: invalid duration """#),
            ("5", r#"time: missing unit in duration "5""#),
            ("5x", r#"time: unknown unit "x" in duration "5x""#),
            ("abc", r#"time: invalid duration "abc""#),
            ("99999999999h", r#"time: invalid duration "99999999999h""#),
        ] {
            assert_eq!(GoDuration::parse(text).unwrap_err().to_string(), expect);
        }
    }
}
