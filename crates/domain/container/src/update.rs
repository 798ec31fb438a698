//! What becomes of a container's settings when some of them are changed.

use api::container::{HostConfig, RestartPolicy};
use fault::{Fault, Result};

use crate::lifecycle::Restart;
use crate::spec;

/// The settings with the limits and the restart policy that `change` names; 0 and empty leave what was.
///
/// # Errors
/// `InvalidParameter` for a value that no container could have, `Conflict` for one that contradicts what is set and not
/// changed with it.
pub fn apply(host: &HostConfig, change: &HostConfig) -> Result<HostConfig> {
    spec::check_change(change)?;
    let policy = &change.restart_policy;
    check_policy(policy)?;
    check_conflicts(host, change)?;
    let mut new = host.clone();
    replace(&mut new.cpu_shares, &change.cpu_shares);
    replace(&mut new.nano_cpus, &change.nano_cpus);
    replace(&mut new.cpu_period, &change.cpu_period);
    replace(&mut new.cpu_quota, &change.cpu_quota);
    replace(&mut new.cpu_realtime_period, &change.cpu_realtime_period);
    replace(&mut new.cpu_realtime_runtime, &change.cpu_realtime_runtime);
    replace(&mut new.cpuset_cpus, &change.cpuset_cpus);
    replace(&mut new.cpuset_mems, &change.cpuset_mems);
    replace(&mut new.memory, &change.memory);
    replace(&mut new.memory_swap, &change.memory_swap);
    replace(&mut new.memory_reservation, &change.memory_reservation);
    replace(&mut new.kernel_memory_tcp, &change.kernel_memory_tcp);
    replace(&mut new.blkio_weight, &change.blkio_weight);
    new.pids_limit = change.pids_limit.or(new.pids_limit);
    if !policy.name.is_empty() {
        new.restart_policy = policy.clone();
    }
    spec::check_limits(&new)?;
    Ok(new)
}

/// Refuses a policy that there is not. Without a name none is asked for, whatever its count.
///
/// # Errors
/// `InvalidParameter`, in the original's words.
pub fn check_policy(policy: &RestartPolicy) -> Result<()> {
    if policy.name.is_empty() && policy.maximum_retry_count >= 0 {
        return Ok(());
    }
    Restart::parse(&policy.name, policy.maximum_retry_count).map(drop)
}

fn replace<T: Clone + Default + PartialEq>(old: &mut T, new: &T) {
    if *new != T::default() {
        old.clone_from(new);
    }
}

/// The original's words, which scripts look for.
fn check_conflicts(host: &HostConfig, change: &HostConfig) -> Result<()> {
    let conflict = |message: &str| Err(Fault::conflict(message));
    let options = |new: &str, old: &str| {
        Err(Fault::conflict(format!("Conflicting options: {new} cannot be updated as {old} has already been set")))
    };
    if change.nano_cpus > 0 && host.cpu_period > 0 {
        return options("Nano CPUs", "CPU Period");
    }
    if change.nano_cpus > 0 && host.cpu_quota > 0 {
        return options("Nano CPUs", "CPU Quota");
    }
    if change.cpu_period > 0 && host.nano_cpus > 0 {
        return options("CPU Period", "NanoCPUs");
    }
    if change.cpu_quota > 0 && host.nano_cpus > 0 {
        return options("CPU Quota", "NanoCPUs");
    }
    // -1, no limit, is as good as none here: the memory limit is below it only where both are named together.
    if change.memory != 0 && change.memory > host.memory_swap && change.memory_swap == 0 {
        return conflict(
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
        );
    }
    if host.auto_remove && !matches!(change.restart_policy.name.as_str(), "" | "no") {
        return conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fault::Kind;

    fn host(change: impl FnOnce(&mut HostConfig)) -> HostConfig {
        let mut host = HostConfig::default();
        change(&mut host);
        host
    }

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let old = host(|h| (h.memory, h.memory_swap, h.cpu_shares) = (64 << 20, 128 << 20, 512));
        let change = host(|h| {
            (h.memory, h.pids_limit) = (100 << 20, Some(10));
            h.restart_policy = RestartPolicy { name: "on-failure".into(), maximum_retry_count: 3 };
        });
        let new = apply(&old, &change).unwrap();
        assert_eq!(
            (new.memory, new.memory_swap, new.cpu_shares, new.pids_limit),
            (100 << 20, 128 << 20, 512, Some(10))
        );
        assert_eq!(new.restart_policy, change.restart_policy);
        assert_eq!(apply(&old, &HostConfig::default()).unwrap(), old);
    }

    #[test]
    fn a_count_without_a_policy_and_values_below_zero_change_nothing_or_are_no_limit() {
        let old = host(|h| h.nano_cpus = 1_000_000_000);
        let counted = host(|h| h.restart_policy.maximum_retry_count = 1);
        assert_eq!(apply(&old, &counted).unwrap(), old);
        assert_eq!(apply(&old, &host(|h| h.cpu_quota = -1)).unwrap().cpu_quota, -1);
        assert_eq!(apply(&old, &host(|h| h.memory_reservation = -1)).unwrap().memory_reservation, -1);
    }

    #[test]
    fn contradictions_are_refused_and_told_apart_from_nonsense() {
        let swap = |memory: i64| host(|h| (h.memory, h.memory_swap) = (memory, memory));
        for (old, change, kind) in [
            (host(|_| ()), host(|h| h.memory = 64 << 20), Kind::Conflict),
            (swap(64 << 20), host(|h| h.memory = 65 << 20), Kind::Conflict),
            (host(|h| h.cpu_period = 50_000), host(|h| h.nano_cpus = 1_000_000_000), Kind::Conflict),
            (host(|h| h.nano_cpus = 1_000_000_000), host(|h| h.cpu_quota = 5000), Kind::Conflict),
            (host(|h| h.auto_remove = true), host(|h| h.restart_policy.name = "always".into()), Kind::Conflict),
            (host(|_| ()), host(|h| h.restart_policy.name = "sometimes".into()), Kind::InvalidParameter),
            (host(|_| ()), host(|h| h.memory = 4096), Kind::InvalidParameter),
            (swap(64 << 20), host(|h| h.memory_swap = 32 << 20), Kind::InvalidParameter),
            (host(|_| ()), host(|h| h.blkio_weight = 5), Kind::InvalidParameter),
        ] {
            assert_eq!(apply(&old, &change).unwrap_err().kind(), kind, "{old:?} {change:?}");
        }
        apply(&swap(64 << 20), &swap(128 << 20)).unwrap();
        apply(&swap(64 << 20), &host(|h| h.memory_swap = -1)).unwrap();
        apply(&host(|h| h.auto_remove = true), &host(|h| h.restart_policy.name = "no".into())).unwrap();
    }
}
