//! Reading options, with Go's words where they are wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use fault::{Fault, Result};
use human::GoDuration;

/// A driver's options, by name.
pub type Options = BTreeMap<String, String>;

/// What Docker says when a driver does not start.
pub(crate) fn refused(why: impl std::fmt::Display) -> Fault {
    Fault::invalid(format!("failed to initialize logging driver: {why}"))
}

/// The value of an option; nothing where it is missing or empty.
pub(crate) fn text<'a>(options: &'a Options, name: &str) -> Option<&'a str> {
    options.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// A boolean; false where it is missing.
pub(crate) fn switch(options: &Options, name: &str) -> Result<bool> {
    text(options, name).map_or(Ok(false), human::parse_bool).map_err(Fault::invalid)
}

/// A whole number, as Go's `Atoi` reads it.
pub(crate) fn number(value: &str) -> Result<i64, String> {
    human::parse_int(value, 10, 64).map_err(|error| error.replace("strconv.ParseInt", "strconv.Atoi"))
}

/// A length of time; nothing where it is missing.
pub(crate) fn duration(options: &Options, name: &str) -> Result<Option<Duration>> {
    let Some(value) = text(options, name) else { return Ok(None) };
    let nanos = GoDuration::parse(value).map_err(|error| Fault::invalid(error.to_string()))?.0;
    Ok(Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))))
}

/// Refuses the first option that a driver does not know.
pub(crate) fn known(options: &Options, driver: &str, names: &[&str]) -> Result<()> {
    match options.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(Fault::invalid(format!("unknown log opt '{name}' for {driver} log driver"))),
        None => Ok(()),
    }
}
