//! Limits of the control group.

use api::container::HostConfig;
use fault::{Fault, Result};
use oci::runtime::{BlockIo, Cpu, Memory, Pids, Resources, Spec, ThrottleDevice, WeightDevice};

use super::{Input, linux_of};

/// The original's floor: less cannot hold the set-up of a container.
const LEAST_MEMORY: i64 = 6 << 20;

pub(super) fn step(input: &Input<'_>, spec: &mut Spec) -> Result<()> {
    let host = input.host;
    check(host)?;
    let mut limits = limits(host);
    limit_devices(input, &mut limits)?;
    let resources = linux_of(spec).resources.get_or_insert_default();
    *resources = Resources { devices: std::mem::take(&mut resources.devices), ..limits };
    Ok(())
}

/// The paths of the block devices that limits name.
pub fn block_devices(host: &HostConfig) -> impl Iterator<Item = &str> {
    let weights = host.blkio_weight_device.iter().flatten().map(|device| device.path.as_str());
    let rates = [
        &host.blkio_device_read_bps,
        &host.blkio_device_write_bps,
        &host.blkio_device_read_iops,
        &host.blkio_device_write_iops,
    ];
    weights.chain(rates.into_iter().flat_map(|list| list.iter().flatten()).map(|device| device.path.as_str()))
}

/// Weights and rates of block devices, by their numbers.
fn limit_devices(input: &Input<'_>, resources: &mut Resources) -> Result<()> {
    let host = input.host;
    if block_devices(host).next().is_none() {
        return Ok(());
    }
    let number = |path: &str| {
        let numbers = input.facts.block_devices.get(path).copied();
        numbers.ok_or_else(|| Fault::invalid(format!("block device {path:?} does not exist")))
    };
    let rates = |list: &Option<Vec<api::container::ThrottleDevice>>| -> Result<Vec<ThrottleDevice>> {
        let one = |device: &api::container::ThrottleDevice| {
            let (major, minor) = number(&device.path)?;
            Ok(ThrottleDevice { major, minor, rate: device.rate })
        };
        list.iter().flatten().map(one).collect()
    };
    let weight = |device: &api::container::WeightDevice| {
        let (major, minor) = number(&device.path)?;
        Ok(WeightDevice { major, minor, weight: Some(device.weight), leaf_weight: None })
    };
    let block = resources.block_io.get_or_insert_default();
    block.weight_device = host.blkio_weight_device.iter().flatten().map(weight).collect::<Result<_>>()?;
    block.throttle_read_bps_device = rates(&host.blkio_device_read_bps)?;
    block.throttle_write_bps_device = rates(&host.blkio_device_write_bps)?;
    block.throttle_read_iops_device = rates(&host.blkio_device_read_iops)?;
    block.throttle_write_iops_device = rates(&host.blkio_device_write_iops)?;
    Ok(())
}

/// The limits that a container's settings name; devices are no part of them.
pub fn limits(host: &HostConfig) -> Resources {
    let mut resources = Resources {
        memory: memory(host),
        cpu: cpu(host),
        pids: host.pids_limit.filter(|&limit| limit != 0).map(|limit| Pids { limit: Some(limit) }),
        ..Resources::default()
    };
    block_io(host, &mut resources);
    resources
}

fn positive(value: i64) -> Option<i64> {
    (value != 0).then_some(value)
}

fn memory(host: &HostConfig) -> Option<Memory> {
    // Without a word on swap there may be as much of it as there is memory.
    let swap = match (host.memory, host.memory_swap) {
        (0, _) => None,
        (limit, 0) => Some(limit.saturating_mul(2)),
        (_, swap) => Some(swap),
    };
    let memory = Memory {
        limit: positive(host.memory),
        reservation: positive(host.memory_reservation),
        swap,
        swappiness: host.memory_swappiness.and_then(|value| u64::try_from(value).ok()),
        disable_oom_killer: host.oom_kill_disable.filter(|&disable| disable),
        kernel_tcp: positive(host.kernel_memory_tcp),
        ..Memory::default()
    };
    (memory != Memory::default()).then_some(memory)
}

fn cpu(host: &HostConfig) -> Option<Cpu> {
    const PERIOD: i64 = 100_000;
    let (quota, period) = if host.nano_cpus > 0 {
        (Some(host.nano_cpus.saturating_mul(PERIOD) / 1_000_000_000), Some(PERIOD))
    } else {
        (positive(host.cpu_quota), positive(host.cpu_period))
    };
    let text = |list: &String| Some(list.clone()).filter(|list| !list.is_empty());
    let cpu = Cpu {
        shares: u64::try_from(host.cpu_shares).ok().filter(|&shares| shares > 0),
        quota,
        period: period.and_then(|period| u64::try_from(period).ok()),
        cpus: text(&host.cpuset_cpus),
        mems: text(&host.cpuset_mems),
        realtime_period: u64::try_from(host.cpu_realtime_period).ok().filter(|&period| period > 0),
        realtime_runtime: positive(host.cpu_realtime_runtime),
        ..Cpu::default()
    };
    (cpu != Cpu::default()).then_some(cpu)
}

fn block_io(host: &HostConfig, resources: &mut Resources) {
    if host.blkio_weight > 0 {
        resources.block_io = Some(BlockIo { weight: Some(host.blkio_weight), ..BlockIo::default() });
    }
}

/// Refuses limits that contradict themselves or cannot be met, in the original's words.
pub fn check(host: &HostConfig) -> Result<()> {
    if host.memory == 0 && host.memory_swap > 0 {
        let message = "You should always set the Memory limit when using Memoryswap limit, see usage";
        return Err(Fault::invalid(message));
    }
    check_change(host)
}

/// The same for limits that are set over others: the sum with swap may come without the memory it belongs to.
pub fn check_change(host: &HostConfig) -> Result<()> {
    let refuse = |message: &str| Err(Fault::invalid(message));
    if host.io_maximum_iops != 0 || host.io_maximum_bandwidth != 0 {
        return refuse("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps");
    }
    if host.memory != 0 && host.memory < LEAST_MEMORY {
        return refuse("Minimum memory limit allowed is 6MB");
    }
    if host.memory > 0 && host.memory_swap > 0 && host.memory_swap < host.memory {
        return refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if host.memory_swappiness.is_some_and(|value| !(-1..=100).contains(&value)) {
        let value = host.memory_swappiness.unwrap_or_default();
        return refuse(&format!("Invalid value: {value}, valid memory swappiness range is 0-100"));
    }
    if host.memory_reservation > 0 && host.memory_reservation < LEAST_MEMORY {
        return refuse("Minimum memory reservation allowed is 6MB");
    }
    if host.memory > 0 && host.memory_reservation > host.memory {
        return refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
    }
    check_cpu(host)?;
    if host.blkio_weight > 0 && !(10..=1000).contains(&host.blkio_weight) {
        return refuse("Range of blkio weight is from 10 to 1000");
    }
    match host.blkio_weight_device.iter().flatten().find(|device| !(10..=1000).contains(&device.weight)) {
        Some(device) => refuse(&format!("invalid weight for device {}: the range is from 10 to 1000", device.path)),
        None => Ok(()),
    }
}

fn check_cpu(host: &HostConfig) -> Result<()> {
    let refuse = |message: String| Err(Fault::invalid(message));
    if host.nano_cpus > 0 && (host.cpu_quota > 0 || host.cpu_period != 0) {
        let other = if host.cpu_period != 0 { "CPU Period" } else { "CPU Quota" };
        return refuse(format!("Conflicting options: Nano CPUs and {other} cannot both be set"));
    }
    if host.nano_cpus != 0 {
        // Asked for only where it counts: the answer takes a dozen files of control groups.
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as i64);
        if !(0..=cpus.saturating_mul(1_000_000_000)).contains(&host.nano_cpus) {
            return refuse(format!("range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs available"));
        }
    }
    if host.cpu_period != 0 && !(1000..=1_000_000).contains(&host.cpu_period) {
        return refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)".into());
    }
    if host.cpu_quota > 0 && host.cpu_quota < 1000 {
        return refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)".into());
    }
    if host.cpu_shares < 0 {
        return refuse(format!("invalid CPU shares ({}): value must be a positive integer", host.cpu_shares));
    }
    for (name, list) in [("cpus", &host.cpuset_cpus), ("mems", &host.cpuset_mems)] {
        if !list.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'-') {
            return refuse(format!("Invalid value {list} for cpuset {name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::spec::Facts;

    fn host(change: impl FnOnce(&mut HostConfig)) -> HostConfig {
        let mut host = HostConfig::default();
        change(&mut host);
        host
    }

    fn weight(path: &str, weight: u16) -> api::container::WeightDevice {
        api::container::WeightDevice { path: path.into(), weight }
    }

    #[test]
    fn devices_are_limited_by_their_numbers() {
        let rate = |rate| Some(vec![api::container::ThrottleDevice { path: "/dev/x".into(), rate }]);
        let host = host(|h| {
            h.blkio_weight_device = Some(vec![weight("/dev/x", 500)]);
            (h.blkio_device_read_bps, h.blkio_device_write_iops) = (rate(1024), rate(7));
        });
        assert_eq!(block_devices(&host).count(), 3);
        let record = Record {
            id: names::ContainerId::from_random([1; 32]),
            name: "web".into(),
            created_at: 0,
            image_id: names::Digest::sha256([0; 32]),
            config: api::container::ContainerConfig::default(),
            host_config: host,
            state: crate::state::State::default(),
        };
        let none = Facts {
            user: crate::users::Resolved { user: oci::runtime::User::default(), home: "/".into() },
            cgroup: String::new(),
            etc: Vec::new(),
            seccomp: None,
            apparmor: None,
            init: None,
            host_devices: Vec::new(),
            block_devices: std::collections::BTreeMap::new(),
            pid_namespace: None,
            cgroup_v2: false,
        };
        let facts = Facts { block_devices: [("/dev/x".to_owned(), (8, 16))].into(), ..none.clone() };
        let mut resources = Resources::default();
        let input = |facts| Input { record: &record, config: &record.config, host: &record.host_config, facts };
        assert!(limit_devices(&input(&none), &mut resources).is_err(), "it is not there");
        limit_devices(&input(&facts), &mut resources).unwrap();
        let block = resources.block_io.unwrap();
        assert_eq!((block.weight_device[0].major, block.weight_device[0].weight), (8, Some(500)));
        assert_eq!((block.throttle_read_bps_device[0].minor, block.throttle_read_bps_device[0].rate), (16, 1024));
        assert_eq!((block.throttle_write_iops_device[0].rate, block.throttle_write_bps_device.len()), (7, 0));
    }

    #[test]
    fn contradictions_are_refused() {
        for (name, host) in [
            ("too little", host(|h| h.memory = 4096)),
            ("negative", host(|h| h.memory = -1)),
            ("swap below", host(|h| (h.memory, h.memory_swap) = (10 << 20, 7 << 20))),
            ("swap alone", host(|h| h.memory_swap = 7 << 20)),
            ("swappiness", host(|h| h.memory_swappiness = Some(101))),
            ("cpus", host(|h| h.nano_cpus = i64::MAX)),
            ("both", host(|h| (h.nano_cpus, h.cpu_quota) = (1_000_000_000, 5000))),
            ("period", host(|h| h.cpu_period = 10)),
            ("cpuset", host(|h| h.cpuset_cpus = "0;1".into())),
            ("operations a second", host(|h| h.io_maximum_iops = 5)),
            ("weight", host(|h| h.blkio_weight = 5)),
            ("weight of a device", host(|h| h.blkio_weight_device = Some(vec![weight("/dev/x", 5)]))),
        ] {
            assert!(check(&host).is_err(), "{name}");
        }
        check(&HostConfig::default()).unwrap();
    }

    #[test]
    fn limits_become_the_specification_s() {
        let host = host(|h| (h.memory, h.nano_cpus, h.pids_limit) = (64 << 20, 500_000_000, Some(-1)));
        assert_eq!(memory(&host).unwrap().swap, Some(128 << 20));
        let cpu = cpu(&host).unwrap();
        assert_eq!((cpu.quota, cpu.period), (Some(50_000), Some(100_000)));
        assert_eq!(memory(&HostConfig::default()), None);
    }
}
