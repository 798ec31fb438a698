//! The user's time zone.

use jiff::tz::TimeZone;
use std::path::Path;

/// Where zones are kept by name.
const ZONES: &str = "/usr/share/zoneinfo";
/// The host's zone.
const HOST: &str = "/etc/localtime";

/// The zone of this process: `TZ`, else the host's, else UTC. One file is read; no directory is searched.
pub fn local_zone() -> TimeZone {
    match std::env::var("TZ") {
        Ok(name) => named(&name).unwrap_or(TimeZone::UTC),
        Err(_) => read(Path::new(HOST)).unwrap_or(TimeZone::UTC),
    }
}

/// A value of `TZ`: a name, a path, or POSIX rules; empty for UTC (tzset(3)).
fn named(name: &str) -> Option<TimeZone> {
    let name = name.strip_prefix(':').unwrap_or(name);
    match name {
        "" | "UTC" => Some(TimeZone::UTC),
        path if path.starts_with('/') => read(Path::new(path)),
        name => read(&Path::new(ZONES).join(name)).or_else(|| TimeZone::posix(name).ok()),
    }
}

fn read(path: &Path) -> Option<TimeZone> {
    let data = std::fs::read(path).ok()?;
    TimeZone::tzif("Local", &data).ok()
}

#[cfg(test)]
mod tests {
    use super::named;
    use crate::{go_string, parse_rfc3339};

    #[test]
    fn zones_are_named_or_given_by_rules() {
        let at = parse_rfc3339("2026-07-01T12:00:00Z").unwrap();
        let print = |name: &str| named(name).map(|zone| go_string(at, &zone));
        assert_eq!(print("").unwrap(), "2026-07-01 12:00:00 +0000 UTC");
        assert_eq!(print("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(), "2026-07-01 14:00:00 +0200 CEST");
        assert_eq!(print("/nonexistent/zone"), None);
    }
}
