//! Times as RFC 3339 with nanoseconds, in UTC; trailing zeros of the fraction are left out, as Go's RFC3339Nano does.

const SECOND: i64 = 1_000_000_000;

/// Writes times, and remembers the last one's second, since most lines share it.
#[derive(Debug)]
pub(crate) struct Stamp {
    second: i64,
    text: [u8; 19],
}

impl Stamp {
    pub(crate) fn new() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00" }
    }

    /// Appends `time` (nanoseconds since 1970).
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, time: i64) {
        let second = time.div_euclid(SECOND);
        if second != self.second {
            self.second = second;
            self.text = date_and_time(second);
        }
        out.extend_from_slice(&self.text);
        push_fraction(out, time.rem_euclid(SECOND));
        out.push(b'Z');
    }
}

fn push_fraction(out: &mut Vec<u8>, nanoseconds: i64) {
    if nanoseconds == 0 {
        return;
    }
    let mut nanoseconds = nanoseconds as u32;
    let mut text = *b".000000000";
    for digit in text[1..].iter_mut().rev() {
        *digit = b'0' + (nanoseconds % 10) as u8;
        nanoseconds /= 10;
    }
    let length = text.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    out.extend_from_slice(&text[..length]);
}

fn date_and_time(second: i64) -> [u8; 19] {
    let (year, month, day) = civil(second.div_euclid(86_400));
    let time = second.rem_euclid(86_400);
    let mut text = *b"0000-00-00T00:00:00";
    let fields =
        [(0, 4, year), (5, 2, month), (8, 2, day), (11, 2, time / 3600), (14, 2, time / 60 % 60), (17, 2, time % 60)];
    for (at, width, mut value) in fields {
        for digit in text[at..at + width].iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
    }
    text
}

/// Year, month and day of a day since 1970-01-01, in years that begin in March so that leap days come last.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_year - (153 * march_month + 2) / 5 + 1)
}

/// The inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads a time with any offset; `None` where it is none or lies outside of what 64 bits hold (1677–2262).
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.as_bytes();
    let number = |at: usize, width: usize, range: std::ops::RangeInclusive<i64>| {
        let value = decimal(text.get(at..at + width)?)?;
        range.contains(&value).then_some(value)
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|&(at, mark)| text.get(at) == Some(&mark)) {
        return None;
    }
    let day = days(number(0, 4, 0..=9999)?, number(5, 2, 1..=12)?, number(8, 2, 1..=31)?);
    let second = number(11, 2, 0..=23)? * 3600 + number(14, 2, 0..=59)? * 60 + number(17, 2, 0..=60)?;
    let (nanoseconds, zone) = fraction(&text[19..])?;
    let second = day * 86_400 + second - offset(zone)?;
    second.checked_mul(SECOND)?.checked_add(nanoseconds)
}

fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// The nanoseconds of an optional `.fraction`, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, text)) };
    let length = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(length);
    let digits = &digits[..length.min(9)];
    let scale = 10_i64.pow(9 - digits.len() as u32);
    (length > 0).then_some((decimal(digits)? * scale, rest))
}

/// Seconds east of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h @ .., b':', m1, m2] if h.len() == 2 => {
            let seconds = decimal(h)? * 3600 + decimal(&[*m1, *m2])? * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(time: i64) -> String {
        let mut out = Vec::new();
        Stamp::new().push(&mut out, time);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_times() {
        for (time, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_120_000_000, "2000-02-29T00:00:00.12Z"),
            (1_735_689_599_000_000_001, "2024-12-31T23:59:59.000000001Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(text(time), expected);
            assert_eq!(parse(expected), Some(time));
        }
        assert_eq!(parse("2000-02-29T02:00:00.12+02:00"), Some(951_782_400_120_000_000));
        assert_eq!(parse("2000-02-28T22:30:00.1200000009-01:30"), Some(951_782_400_120_000_000));
    }

    #[test]
    fn there_and_back_for_far_and_near_days() {
        let mut stamp = Stamp::new();
        for step in -100_000..100_000_i64 {
            let time = step * 86_399 * SECOND + step;
            let mut out = Vec::new();
            stamp.push(&mut out, time);
            assert_eq!(parse(std::str::from_utf8(&out).unwrap()), Some(time), "{time}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "2024", "2024-13-01T00:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("9999-01-01T00:00:00Z"), None);
    }
}
