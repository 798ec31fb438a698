//! What stands behind `?`, read with Docker's habits.

use api::filters::Filters;
use fault::{Fault, Result};

use crate::percent;

/// The most parameters that are looked at; `names` of a save may be many.
const MOST: usize = 4096;

/// Names and values, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the text; pairs that are not encoded rightly are left out, as Go does.
    pub(crate) fn parse(text: &str) -> Self {
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            Some((percent::decode_query(name)?, percent::decode_query(value)?))
        };
        Self(text.split('&').filter(|pair| !pair.is_empty()).take(MOST).filter_map(pair).collect())
    }

    /// The first value; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// The first value that is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        self.find(name).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// All values.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone()).collect()
    }

    /// Empty, `0`, `no`, `false` and `none` are false, everything else is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        !matches!(self.text(name).trim().to_ascii_lowercase().as_str(), "" | "0" | "no" | "false" | "none")
    }

    /// The same, and `default` where it is not given.
    pub(crate) fn flag_or(&self, name: &str, default: bool) -> bool {
        if self.find(name).is_some() { self.flag(name) } else { default }
    }

    /// A number, where one is given.
    ///
    /// # Errors
    /// `InvalidParameter` where it is none.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let refused = || Fault::invalid(format!("invalid {name} {:?}: not a number in range", super::echo(text)));
        text.parse().map(Some).map_err(|_| refused())
    }

    /// Filters.
    ///
    /// # Errors
    /// `InvalidParameter` where they have neither of their forms.
    pub(crate) fn filters(&self) -> Result<Filters> {
        Filters::parse(self.text("filters")).map_err(|error| Fault::invalid(error.to_string()))
    }

    /// A time, `seconds[.fraction]` since 1970, in nanoseconds; none for 0 and where it is not given.
    ///
    /// # Errors
    /// `InvalidParameter` where it is none.
    pub(crate) fn time(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.instant(name)?.filter(|&nanoseconds| nanoseconds != 0))
    }

    /// The same where 0 is a time like any other.
    ///
    /// # Errors
    /// `InvalidParameter` where it is none.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<i64>> {
        let text = self.text(name);
        let refused = || Fault::invalid(format!("invalid value for {name:?}: {:?} is not a time", super::echo(text)));
        if text.is_empty() {
            return Ok(None);
        }
        nanoseconds(text).ok_or_else(refused).map(Some)
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

fn nanoseconds(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = seconds.parse().ok()?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // What is less than a nanosecond is dropped.
    let fraction = &fraction[..fraction.len().min(9)];
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    // Times beyond 2262 mean for ever.
    Some(seconds.saturating_mul(1_000_000_000).saturating_add(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_docker_reads_them() {
        let query = Query::parse("a=1&b=0&c=False&d=none&e=&f&g=yes&h=%20no%20");
        let flags = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(|name| query.flag(name));
        assert_eq!(flags, [true, false, false, false, false, false, true, false, false]);
        assert!(query.flag_or("i", true) && !query.flag_or("e", true));
    }

    #[test]
    fn values_are_decoded_and_broken_ones_left_out() {
        let query = Query::parse("n=a%2Fb&n=c+d&x=%zz&&=&name");
        assert_eq!(query.all("n"), ["a/b", "c d"]);
        assert_eq!(query.text("x"), "");
        assert_eq!(query.given("name"), None);
    }

    #[test]
    fn times_have_fractions() {
        let time = |text: &str| Query::parse(&format!("t={text}")).time("t");
        assert_eq!(time("1.5").unwrap(), Some(1_500_000_000));
        assert_eq!(time("1700000000.000000001").unwrap(), Some(1_700_000_000_000_000_001));
        assert_eq!(time("0").unwrap(), None);
        assert_eq!(Query::parse("t=0.0").instant("t").unwrap(), Some(0));
        assert_eq!(time("1.1234567891").unwrap(), Some(1_123_456_789));
        assert_eq!(time("").unwrap(), None);
        assert_eq!(time("99999999999999").unwrap(), Some(i64::MAX));
        for bad in ["x", "1.x", "2024-01-01", "1.-1"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_must_be_numbers() {
        let query = Query::parse("a=5&b=x&c=70000");
        assert_eq!(query.number::<u16>("a").unwrap(), Some(5));
        assert_eq!(query.number::<u16>("d").unwrap(), None);
        assert!(query.number::<u16>("b").is_err() && query.number::<u16>("c").is_err());
    }
}
