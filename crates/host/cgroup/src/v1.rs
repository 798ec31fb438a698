//! What limits mean in files of version 1: Documentation/admin-guide/cgroup-v1.

use oci::runtime::{BlockIo, Cpu, Memory, Resources, ThrottleDevice};

use crate::Error;
use crate::devices;
use crate::setting::{Setting, Settings};

/// The files to write, in order.
pub(crate) fn settings(resources: &Resources) -> Result<Vec<Setting>, Error> {
    let mut all = Settings::default();
    for rule in devices::rules(resources)? {
        let file = if rule.allow { "devices.allow" } else { "devices.deny" };
        all.add("devices", file, "device rule", Some(rule.v1_text()));
    }
    if let Some(memory) = &resources.memory {
        add_memory(&mut all, memory);
    }
    if let Some(cpu) = &resources.cpu {
        add_cpu(&mut all, cpu);
    }
    if let Some(limit) = resources.pids.as_ref().and_then(|pids| pids.limit) {
        let value = if limit > 0 { limit.to_string() } else { "max".to_owned() };
        all.add("pids", "pids.max", "process limit", Some(value));
    }
    if let Some(block) = &resources.block_io {
        add_block_io(&mut all, block);
    }
    add_others(&mut all, resources);
    Ok(all.0)
}

fn add_memory(all: &mut Settings, memory: &Memory) {
    let asked = |value: Option<i64>| value.filter(|&value| value != 0);
    // Memory first: the sum with swap must never be below it.
    all.add("memory", "memory.limit_in_bytes", "memory limit", asked(memory.limit));
    all.add("memory", "memory.memsw.limit_in_bytes", "memory and swap limit", asked(memory.swap));
    all.add("memory", "memory.soft_limit_in_bytes", "memory reservation", asked(memory.reservation));
    all.add("memory", "memory.kmem.limit_in_bytes", "kernel memory limit", asked(memory.kernel));
    all.add("memory", "memory.kmem.tcp.limit_in_bytes", "kernel TCP memory limit", asked(memory.kernel_tcp));
    all.add("memory", "memory.swappiness", "memory swappiness", memory.swappiness);
    let disable = memory.disable_oom_killer.filter(|&disable| disable).map(|_| 1);
    all.add("memory", "memory.oom_control", "disabling the OOM killer", disable);
}

fn add_cpu(all: &mut Settings, cpu: &Cpu) {
    let asked = |value: Option<u64>| value.filter(|&value| value != 0);
    all.add("cpu", "cpu.shares", "CPU shares", asked(cpu.shares));
    all.add("cpu", "cpu.cfs_period_us", "CPU period", asked(cpu.period));
    all.add("cpu", "cpu.cfs_quota_us", "CPU quota", cpu.quota.filter(|&quota| quota != 0));
    all.add("cpu", "cpu.cfs_burst_us", "CPU burst", asked(cpu.burst));
    all.add("cpu", "cpu.rt_period_us", "CPU real-time period", asked(cpu.realtime_period));
    all.add("cpu", "cpu.rt_runtime_us", "CPU real-time runtime", cpu.realtime_runtime.filter(|&time| time != 0));
    all.add("cpu", "cpu.idle", "CPU idle", cpu.idle);
    let list = |list: &Option<String>| list.clone().filter(|list| !list.is_empty());
    all.add("cpuset", "cpuset.cpus", "CPU set", list(&cpu.cpus));
    all.add("cpuset", "cpuset.mems", "memory node set", list(&cpu.mems));
}

fn add_block_io(all: &mut Settings, block: &BlockIo) {
    let weight = block.weight.filter(|&weight| weight != 0);
    all.add("blkio", "blkio.weight", "block I/O weight", weight);
    all.add("blkio", "blkio.leaf_weight", "block I/O leaf weight", block.leaf_weight.filter(|&weight| weight != 0));
    for device in &block.weight_device {
        let value = device.weight.map(|weight| format!("{}:{} {weight}", device.major, device.minor));
        all.add("blkio", "blkio.weight_device", "block I/O device weight", value);
    }
    let throttles: [(&str, &str, &[ThrottleDevice]); 4] = [
        ("blkio.throttle.read_bps_device", "device read rate", &block.throttle_read_bps_device),
        ("blkio.throttle.write_bps_device", "device write rate", &block.throttle_write_bps_device),
        ("blkio.throttle.read_iops_device", "device read operations", &block.throttle_read_iops_device),
        ("blkio.throttle.write_iops_device", "device write operations", &block.throttle_write_iops_device),
    ];
    for (file, limit, devices) in throttles {
        for device in devices {
            all.add("blkio", file, limit, Some(format!("{}:{} {}", device.major, device.minor, device.rate)));
        }
    }
}

fn add_others(all: &mut Settings, resources: &Resources) {
    for huge in &resources.hugepage_limits {
        let file = format!("hugetlb.{}.limit_in_bytes", huge.page_size);
        all.add("hugetlb", file, "huge page limit", Some(huge.limit));
    }
    if let Some(network) = &resources.network {
        all.add("net_cls", "net_cls.classid", "network class", network.class_id);
        for priority in &network.priorities {
            let value = format!("{} {}", priority.name, priority.priority);
            all.add("net_prio", "net_prio.ifpriomap", "network priority", Some(value));
        }
    }
    for (device, limits) in &resources.rdma {
        all.add("rdma", "rdma.max", "RDMA limit", Some(rdma_text(device, limits)));
    }
    // Files of version 2 by name: a version 1 host has none of them.
    for (file, value) in &resources.unified {
        all.add("unified", file.clone(), "unified control group setting", Some(value));
    }
}

/// The same line in both versions.
pub(crate) fn rdma_text(device: &str, limits: &oci::runtime::Rdma) -> String {
    let handles = limits.hca_handles.map(|count| format!(" hca_handle={count}")).unwrap_or_default();
    let objects = limits.hca_objects.map(|count| format!(" hca_object={count}")).unwrap_or_default();
    format!("{device}{handles}{objects}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resources: &Resources, expect: &[(&str, &str)]) {
        let all = settings(resources).unwrap();
        let seen: Vec<_> = all.iter().map(|setting| (&*setting.file, setting.value.as_str())).collect();
        assert_eq!(seen, expect);
    }

    #[test]
    fn limits_become_files_in_a_safe_order() {
        let memory = Memory { limit: Some(64 << 20), swap: Some(128 << 20), ..Memory::default() };
        let cpu = Cpu { shares: Some(512), quota: Some(50_000), period: Some(100_000), ..Cpu::default() };
        let pids = oci::runtime::Pids { limit: Some(0) };
        let resources = Resources { memory: Some(memory), cpu: Some(cpu), pids: Some(pids), ..Resources::default() };
        check(
            &resources,
            &[
                ("memory.limit_in_bytes", "67108864"),
                ("memory.memsw.limit_in_bytes", "134217728"),
                ("cpu.shares", "512"),
                ("cpu.cfs_period_us", "100000"),
                ("cpu.cfs_quota_us", "50000"),
                ("pids.max", "max"),
            ],
        );
        check(&Resources::default(), &[]);
    }
}
