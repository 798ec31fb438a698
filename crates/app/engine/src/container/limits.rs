//! Limits that depend on what this host has: refused, or dropped with a warning, as the original does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use api::container::HostConfig;
use fault::{Fault, Result};

use super::specification::cgroup_v2;

/// No list of processors or memory nodes goes beyond it.
const MOST: u32 = 8192;

/// Checks the limits against this host, takes those away that it cannot set, and says so.
pub fn adapt(host: &mut HostConfig) -> Result<Vec<String>> {
    let mut warnings = adapt_change(host)?;
    // Without a word on swap there may be as much of it as there is memory.
    if host.memory > 0 && host.memory_swap == 0 {
        host.memory_swap = host.memory.saturating_mul(2);
    }
    if cgroup_v2() {
        if host.oom_kill_disable.take() == Some(true) {
            let warning = "Your kernel does not support OomKillDisable. OomKillDisable discarded.";
            warnings.push(warning.to_owned());
        }
    } else {
        host.oom_kill_disable.get_or_insert(false);
    }
    if host.oom_kill_disable == Some(true) && host.memory == 0 {
        let warning = "OOM killer is disabled for the container, but no memory limit is set, this can result in the \
                       system running out of resources.";
        warnings.push(warning.to_owned());
    }
    Ok(warnings)
}

/// The same for limits that are set over others.
pub fn adapt_change(change: &mut HostConfig) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    if change.blkio_weight > 0 && !has_weights() {
        change.blkio_weight = 0;
        let warning = "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.";
        warnings.push(warning.to_owned());
    }
    if change.cpu_percent > 0 {
        change.cpu_percent = 0;
        warnings.push("linux does not support CPU percent. Percent discarded.".to_owned());
    }
    let realtime = change.cpu_realtime_period != 0 || change.cpu_realtime_runtime != 0;
    if realtime && !Path::new("/sys/fs/cgroup/cpu/cpu.rt_runtime_us").exists() {
        return Err(Fault::invalid("Your kernel does not support CPU real-time scheduler"));
    }
    let online = |what: &str| fs::read_to_string(format!("/sys/devices/system/{what}/online")).unwrap_or_default();
    check_set("CPUs", "cpus", &change.cpuset_cpus, online("cpu").trim())?;
    check_set("memory nodes", "mems", &change.cpuset_mems, online("node").trim())?;
    Ok(warnings)
}

fn has_weights() -> bool {
    cgroup_v2() || Path::new("/sys/fs/cgroup/blkio/blkio.weight").exists()
}

/// Where the host does not tell what it has, the kernel decides later.
fn check_set(what: &str, option: &str, wanted: &str, available: &str) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let invalid = || Fault::invalid(format!("Invalid value {wanted} for cpuset {option}: invalid format: {wanted}"));
    let asked = parse_set(wanted).ok_or_else(invalid)?;
    match parse_set(available) {
        Some(there) if !asked.is_subset(&there) => Err(Fault::invalid(format!(
            "Requested {what} are not available - requested {wanted}, available: {available}"
        ))),
        _ => Ok(()),
    }
}

/// `0-2,7`: cpuset(7), "List format".
fn parse_set(text: &str) -> Option<BTreeSet<u32>> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last > MOST {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_can_be_asked_for() {
        let check =
            |wanted: &str| check_set("CPUs", "cpus", wanted, "0-3,8").map_err(|fault| fault.message().to_owned());
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("0,2-3,8"), Ok(()));
        let missing = "Requested CPUs are not available - requested 3-4, available: 0-3,8";
        assert_eq!(check("3-4"), Err(missing.into()));
        for bad in ["x", "1-", "3-1", "0,", "0-4294967295"] {
            assert_eq!(check(bad), Err(format!("Invalid value {bad} for cpuset cpus: invalid format: {bad}")));
        }
        assert!(check_set("memory nodes", "mems", "5", "").is_ok());
    }
}
