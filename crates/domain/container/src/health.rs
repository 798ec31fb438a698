//! Whether a container is well: how it is found out, and what follows from what was found. Times of day are nanoseconds
//! since 1970.

use std::time::Duration;

use api::container::{ContainerConfig, Healthcheck};
use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

/// Probes that are remembered.
const KEPT: usize = 5;

/// What is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No probe has succeeded yet, and not enough have failed.
    #[default]
    Starting,
    /// The last probe succeeded, or not enough have failed since.
    Healthy,
    /// Too many probes have failed in a row, or nobody probes.
    Unhealthy,
}

impl Status {
    /// The word of the Engine API.
    pub fn word(self) -> &'static str {
        match self {
            Status::Starting => "starting",
            Status::Healthy => "healthy",
            Status::Unhealthy => "unhealthy",
        }
    }
}

/// One probe that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// When it began.
    pub start: i64,
    /// When it ended.
    pub end: i64,
    /// 0 where the container is well; -1 where the probe did not run, or not to its end.
    pub exit_code: i32,
    /// The beginning of what it printed.
    pub output: String,
}

/// What is known of a container's health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The verdict.
    pub status: Status,
    /// How many probes have failed in a row.
    pub failing_streak: u32,
    /// The last probes, the oldest first.
    pub log: Vec<Probe>,
}

/// How a container's health is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The program and its arguments, run in the container.
    pub command: Vec<String>,
    /// Between the end of one probe and the next.
    pub interval: Duration,
    /// For one probe.
    pub timeout: Duration,
    /// From the start of the container on; failures do not count while it has not been well.
    pub start_period: Duration,
    /// Instead of `interval` in that time.
    pub start_interval: Duration,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
}

impl Check {
    /// Reads a container's settings; nothing where it is not to be probed.
    ///
    /// # Errors
    /// `InvalidParameter` for a form of test that does not exist.
    pub fn of(config: &ContainerConfig) -> Result<Option<Self>> {
        let Some(health) = &config.healthcheck else { return Ok(None) };
        let Some(command) = command(config, health)? else { return Ok(None) };
        let time = |nanoseconds: i64, default: Duration| match u64::try_from(nanoseconds) {
            Ok(nanoseconds @ 1..) => Duration::from_nanos(nanoseconds),
            _ => default,
        };
        Ok(Some(Self {
            command,
            interval: time(health.interval, Duration::from_secs(30)),
            timeout: time(health.timeout, Duration::from_secs(30)),
            start_period: time(health.start_period, Duration::ZERO),
            start_interval: time(health.start_interval, Duration::from_secs(5)),
            retries: u32::try_from(health.retries).ok().filter(|&retries| retries > 0).unwrap_or(3),
        }))
    }

    /// How long to wait for the next probe of a container that has run so long.
    pub fn pause(&self, health: &Health, runs_for: Duration) -> Duration {
        match health.status {
            Status::Starting if runs_for < self.start_period => self.start_interval,
            _ => self.interval,
        }
    }
}

fn command(config: &ContainerConfig, health: &Healthcheck) -> Result<Option<Vec<String>>> {
    match health.test.split_first() {
        None => Ok(None),
        Some((kind, rest)) => match kind.as_str() {
            "NONE" => Ok(None),
            "CMD" if rest.is_empty() => Err(Fault::invalid("invalid health check: CMD without a command")),
            "CMD" => Ok(Some(rest.to_vec())),
            "CMD-SHELL" => {
                let shell = config.shell.as_ref().filter(|shell| !shell.is_empty());
                let shell = shell.map_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()], |shell| shell.0.clone());
                Ok(Some(shell.into_iter().chain([rest.join(" ")]).collect()))
            }
            other => Err(Fault::invalid(format!("invalid health check: unknown type {other:?} (expected \"CMD\")"))),
        },
    }
}

impl Health {
    /// What is known after a probe, of a container that was started at `started_at`.
    #[must_use]
    pub fn after(&self, check: &Check, started_at: i64, probe: Probe) -> Self {
        let mut new = self.clone();
        let running = Duration::from_nanos(u64::try_from(probe.start - started_at).unwrap_or(0));
        let is_excused = self.status == Status::Starting && running < check.start_period;
        if probe.exit_code == 0 {
            (new.status, new.failing_streak) = (Status::Healthy, 0);
        } else if !is_excused {
            new.failing_streak += 1;
            if new.failing_streak >= check.retries {
                new.status = Status::Unhealthy;
            }
        }
        new.log.push(probe);
        let excess = new.log.len().saturating_sub(KEPT);
        new.log.drain(..excess);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn config(test: &[&str]) -> ContainerConfig {
        let test = test.iter().map(|&word| word.to_owned()).collect();
        ContainerConfig { healthcheck: Some(Healthcheck { test, ..Healthcheck::default() }), ..Default::default() }
    }

    fn check(change: impl FnOnce(&mut Check)) -> Check {
        let mut check = Check::of(&config(&["CMD", "true"])).unwrap().unwrap();
        change(&mut check);
        check
    }

    fn probe(second: i64, exit_code: i32) -> Probe {
        Probe { start: second * SECOND, end: second * SECOND, exit_code, output: String::new() }
    }

    #[test]
    fn tests_are_read_and_defaults_are_docker_s() {
        assert_eq!(Check::of(&ContainerConfig::default()).unwrap(), None);
        assert_eq!(Check::of(&config(&[])).unwrap(), None);
        assert_eq!(Check::of(&config(&["NONE"])).unwrap(), None);
        let shell = Check::of(&config(&["CMD-SHELL", "curl x"])).unwrap().unwrap();
        assert_eq!(shell.command, ["/bin/sh", "-c", "curl x"]);
        assert_eq!((shell.interval.as_secs(), shell.timeout.as_secs(), shell.retries), (30, 30, 3));
        let mut own = config(&["CMD-SHELL", "x"]);
        own.shell = Some(vec!["bash".to_owned(), "-lc".to_owned()].into());
        assert_eq!(Check::of(&own).unwrap().unwrap().command, ["bash", "-lc", "x"]);
        assert!(Check::of(&config(&["curl", "x"])).is_err() && Check::of(&config(&["CMD"])).is_err());
    }

    #[test]
    fn failures_in_a_row_make_it_unhealthy_and_one_success_well() {
        let check = check(|check| check.retries = 2);
        let mut health = Health::default();
        let mut seen = Vec::new();
        for (second, code) in [1, 0, 1, 1, -1, 0].into_iter().enumerate() {
            health = health.after(&check, 0, probe(second as i64, code));
            seen.push((health.status, health.failing_streak));
        }
        use Status::{Healthy, Starting, Unhealthy};
        assert_eq!(seen, [(Starting, 1), (Healthy, 0), (Healthy, 1), (Unhealthy, 2), (Unhealthy, 3), (Healthy, 0)]);
        assert_eq!((health.log.len(), health.log[0].start), (KEPT, SECOND));
    }

    #[test]
    fn failures_do_not_count_while_it_starts() {
        let check = check(|check| (check.retries, check.start_period) = (1, Duration::from_secs(10)));
        let health = Health::default().after(&check, 0, probe(9, 1));
        assert_eq!((health.status, health.failing_streak), (Status::Starting, 0));
        assert_eq!(check.pause(&health, Duration::from_secs(9)), check.start_interval);
        assert_eq!(check.pause(&health, Duration::from_secs(10)), check.interval);
        assert_eq!(health.after(&check, 0, probe(10, 1)).status, Status::Unhealthy);
        // Once it was well they count, also in that time.
        let well = health.after(&check, 0, probe(3, 0));
        assert_eq!(well.after(&check, 0, probe(4, 1)).status, Status::Unhealthy);
        assert_eq!(check.pause(&well, Duration::from_secs(4)), check.interval);
    }
}
