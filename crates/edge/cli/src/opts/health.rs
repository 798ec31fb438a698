//! `--health-*` and `--no-healthcheck`.

use crate::flag::Matches;
use api::container::Healthcheck;

/// The health check of a command line; `None` where the image's counts.
pub fn read(matches: &Matches) -> Result<Option<Healthcheck>, String> {
    let command = matches.str("health-cmd");
    let times = ["health-interval", "health-timeout", "health-start-period", "health-start-interval"];
    let any = !command.is_empty()
        || times.iter().any(|name| matches.duration(name) != 0)
        || matches.int("health-retries") != 0;
    if matches.bool("no-healthcheck") {
        if any {
            return Err("--no-healthcheck conflicts with --health-* options".into());
        }
        return Ok(Some(Healthcheck { test: vec!["NONE".into()], ..Healthcheck::default() }));
    }
    if !any {
        return Ok(None);
    }
    for name in ["health-interval", "health-timeout"] {
        if matches.duration(name) < 0 {
            return Err(format!("--{name} cannot be negative"));
        }
    }
    if matches.int("health-retries") < 0 {
        return Err("--health-retries cannot be negative".into());
    }
    for name in ["health-start-period", "health-start-interval"] {
        if matches.duration(name) < 0 {
            return Err(format!("--{name} cannot be negative"));
        }
    }
    Ok(Some(Healthcheck {
        test: if command.is_empty() { Vec::new() } else { vec!["CMD-SHELL".into(), command.into()] },
        interval: matches.duration("health-interval"),
        timeout: matches.duration("health-timeout"),
        start_period: matches.duration("health-start-period"),
        start_interval: matches.duration("health-start-interval"),
        retries: matches.int("health-retries"),
    }))
}
