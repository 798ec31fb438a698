//! What a prune may take: its filters, read once.

use std::collections::BTreeMap;

use api::filters::Filters;
use fault::{Fault, Result};
use human::{Instant, timestamp};
use jiff::tz::TimeZone;

/// What may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only what was made before: nanoseconds since 1970.
    until: Option<i64>,
    with: Vec<String>,
    without: Vec<String>,
}

impl Selection {
    /// Reads the filters; `more` are names that this kind of prune knows beside those of all.
    ///
    /// # Errors
    /// `InvalidParameter` in Docker's words.
    pub fn read(filters: &Filters, more: &[&str], now: i64) -> Result<Self> {
        let known = |name: &&str| ["until", "label", "label!"].contains(name) || more.contains(name);
        if let Some(name) = filters.names().find(|name| !known(name)) {
            return Err(Fault::invalid(format!("invalid filter '{name}'")));
        }
        let until = match filters.get("until") {
            [] => None,
            [text] => Some(time(text, now)?),
            _ => return Err(Fault::invalid("more than one until filter specified")),
        };
        Ok(Self { until, with: filters.get("label").to_vec(), without: filters.get("label!").to_vec() })
    }

    /// Whether something of these labels that was made at `created`, nanoseconds since 1970, may go.
    pub fn takes(&self, created: i64, labels: Option<&BTreeMap<String, String>>) -> bool {
        let has = |wanted: &String| {
            let (name, value) =
                wanted.split_once('=').map_or((wanted.as_str(), None), |(name, value)| (name, Some(value)));
            labels.and_then(|labels| labels.get(name)).is_some_and(|have| value.is_none_or(|value| value == have))
        };
        self.until.is_none_or(|until| created < until) && self.with.iter().all(has) && !self.without.iter().any(has)
    }
}

/// A time in any form that clients take, also a duration before now.
fn time(text: &str, now: i64) -> Result<i64> {
    let wrong = || Fault::invalid(format!("failed to parse value as time or duration: {text:?}"));
    let present = Instant { seconds: now.div_euclid(1_000_000_000), nanos: now.rem_euclid(1_000_000_000) as u32 };
    let told = timestamp(text, present, &TimeZone::UTC).map_err(|_| wrong())?;
    let (seconds, nanoseconds) = told.split_once('.').unwrap_or((&told, "0"));
    let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
    let fraction: String = nanoseconds.chars().chain("000000000".chars()).take(9).collect();
    Ok(number(seconds)?.saturating_mul(1_000_000_000).saturating_add(number(&fraction)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 10_000_000_000_000;

    fn read(text: &str) -> Result<Selection> {
        Selection::read(&Filters::parse(text).unwrap(), &["dangling"], NOW)
    }

    #[test]
    fn times_and_labels_decide() {
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        for (filters, created, expect) in [
            ("", NOW, true),
            (r#"{"until":["1h"]}"#, NOW - 3_600_000_000_001, true),
            (r#"{"until":["1h"]}"#, NOW - 3_599_000_000_000, false),
            (r#"{"until":["9000"]}"#, 8_999_000_000_000, true),
            (r#"{"until":["1970-01-01T02:30:00Z"]}"#, 9_001_000_000_000, false),
            (r#"{"label":["a"]}"#, 0, true),
            (r#"{"label":["a=c"]}"#, 0, false),
            (r#"{"label":["a","x"]}"#, 0, false),
            (r#"{"label!":["a=b"]}"#, 0, false),
            (r#"{"label!":["a=c"]}"#, 0, true),
        ] {
            assert_eq!(read(filters).unwrap().takes(created, Some(&labels)), expect, "{filters}");
        }
        assert!(!read(r#"{"label":["a"]}"#).unwrap().takes(0, None));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [r#"{"until":["x"]}"#, r#"{"until":["1h","2h"]}"#, r#"{"name":["x"]}"#, r#"{"until":[""]}"#] {
            assert_eq!(read(bad).unwrap_err().kind(), fault::Kind::InvalidParameter, "{bad}");
        }
        read(r#"{"dangling":["true"]}"#).unwrap();
    }
}
