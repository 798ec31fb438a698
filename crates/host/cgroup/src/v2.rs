//! What limits mean in files of version 2: Documentation/admin-guide/cgroup-v2.rst.

use oci::runtime::{BlockIo, Cpu, Memory, Resources};

use crate::Error;
use crate::setting::{Setting, Settings};

/// The files to write, in order. Device rules are no file of version 2.
pub(crate) fn settings(resources: &Resources) -> Result<Vec<Setting>, Error> {
    let mut all = Settings::default();
    if let Some(memory) = &resources.memory {
        add_memory(&mut all, memory)?;
    }
    if let Some(cpu) = &resources.cpu {
        add_cpu(&mut all, cpu)?;
    }
    if let Some(limit) = resources.pids.as_ref().and_then(|pids| pids.limit) {
        let value = if limit > 0 { limit.to_string() } else { "max".to_owned() };
        all.add("pids", "pids.max", "process limit", Some(value));
    }
    if let Some(block) = &resources.block_io {
        add_block_io(&mut all, block);
    }
    for huge in &resources.hugepage_limits {
        all.add("hugetlb", format!("hugetlb.{}.max", huge.page_size), "huge page limit", Some(huge.limit));
    }
    for (device, limits) in &resources.rdma {
        all.add("rdma", "rdma.max", "RDMA limit", Some(crate::v1::rdma_text(device, limits)));
    }
    add_unified(&mut all, resources)?;
    Ok(all.0)
}

fn bytes(value: i64) -> String {
    if value < 0 { "max".to_owned() } else { value.to_string() }
}

fn add_memory(all: &mut Settings, memory: &Memory) -> Result<(), Error> {
    let asked = |value: Option<i64>| value.filter(|&value| value != 0);
    if memory.disable_oom_killer == Some(true) {
        let reason = "version 2 control groups have no such switch".to_owned();
        return Err(Error::Invalid { limit: "disabling the OOM killer", reason });
    }
    all.add("memory", "memory.max", "memory limit", asked(memory.limit).map(bytes));
    all.add("memory", "memory.swap.max", "memory and swap limit", swap(memory)?.map(bytes));
    all.add("memory", "memory.low", "memory reservation", asked(memory.reservation).map(bytes));
    Ok(())
}

/// The specification gives memory and swap together, version 2 wants swap alone.
fn swap(memory: &Memory) -> Result<Option<i64>, Error> {
    let (limit, swap) = (memory.limit.unwrap_or(0), memory.swap.unwrap_or(0));
    let invalid = |reason: &str| Error::Invalid { limit: "memory and swap limit", reason: reason.to_owned() };
    match (limit, swap) {
        (-1, 0) => Ok(Some(-1)),
        (_, 0) => Ok(None),
        (_, -1) => Ok(Some(-1)),
        (limit, _) if limit <= 0 => Err(invalid("needs a memory limit")),
        (limit, swap) if swap < limit => Err(invalid("is below the memory limit")),
        (limit, swap) => Ok(Some(swap - limit)),
    }
}

fn add_cpu(all: &mut Settings, cpu: &Cpu) -> Result<(), Error> {
    let asked = |value: Option<u64>| value.filter(|&value| value != 0);
    if cpu.realtime_runtime.unwrap_or(0) != 0 || asked(cpu.realtime_period).is_some() {
        let reason = "version 2 control groups have no real-time budget".to_owned();
        return Err(Error::Invalid { limit: "CPU real-time runtime", reason });
    }
    all.add("cpu", "cpu.weight", "CPU shares", asked(cpu.shares).map(weight));
    let quota = cpu.quota.filter(|&quota| quota != 0);
    if quota.is_some() || asked(cpu.period).is_some() {
        let quota = quota.filter(|&quota| quota > 0).map_or("max".to_owned(), |quota| quota.to_string());
        let period = asked(cpu.period).unwrap_or(100_000);
        all.add("cpu", "cpu.max", "CPU quota", Some(format!("{quota} {period}")));
    }
    all.add("cpu", "cpu.max.burst", "CPU burst", asked(cpu.burst));
    all.add("cpu", "cpu.idle", "CPU idle", cpu.idle);
    let list = |list: &Option<String>| list.clone().filter(|list| !list.is_empty());
    all.add("cpuset", "cpuset.cpus", "CPU set", list(&cpu.cpus));
    all.add("cpuset", "cpuset.mems", "memory node set", list(&cpu.mems));
    Ok(())
}

/// Maps shares, 2–262144, onto weights, 1–10000, by the line that runc and systemd units converted by it have used.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

fn add_block_io(all: &mut Settings, block: &BlockIo) {
    // Weights 10–1000 become 1–10000, as for the processor.
    let scaled = |weight: u16| 1 + (u64::from(weight.clamp(10, 1000)) - 10) * 9_999 / 990;
    let weight = block.weight.filter(|&weight| weight != 0);
    all.add("io", "io.weight", "block I/O weight", weight.map(scaled));
    for device in &block.weight_device {
        let value = device.weight.map(|weight| format!("{}:{} {}", device.major, device.minor, scaled(weight)));
        all.add("io", "io.weight", "block I/O device weight", value);
    }
    let throttles = [
        ("rbps", "device read rate", &block.throttle_read_bps_device),
        ("wbps", "device write rate", &block.throttle_write_bps_device),
        ("riops", "device read operations", &block.throttle_read_iops_device),
        ("wiops", "device write operations", &block.throttle_write_iops_device),
    ];
    for (key, limit, devices) in throttles {
        for device in devices {
            let value = format!("{}:{} {key}={}", device.major, device.minor, device.rate);
            all.add("io", "io.max", limit, Some(value));
        }
    }
}

fn add_unified(all: &mut Settings, resources: &Resources) -> Result<(), Error> {
    for (file, value) in &resources.unified {
        if file.contains('/') || !file.contains('.') {
            let reason = format!("`{file}` is no file of a control group");
            return Err(Error::Invalid { limit: "unified control group setting", reason });
        }
        all.add("unified", file.clone(), "unified control group setting", Some(value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(limit: i64, swap: i64) -> Result<Vec<String>, String> {
        let memory = Memory { limit: Some(limit), swap: Some(swap), ..Memory::default() };
        let resources = Resources { memory: Some(memory), ..Resources::default() };
        let all = settings(&resources).map_err(|error| error.to_string())?;
        Ok(all.iter().map(|setting| format!("{}={}", setting.file, setting.value)).collect())
    }

    #[test]
    fn swap_is_given_alone() {
        assert_eq!(memory(100, 300).unwrap(), ["memory.max=100", "memory.swap.max=200"]);
        assert_eq!(memory(100, -1).unwrap(), ["memory.max=100", "memory.swap.max=max"]);
        assert_eq!(memory(-1, 0).unwrap(), ["memory.max=max", "memory.swap.max=max"]);
        assert_eq!(memory(100, 50).unwrap_err(), "memory and swap limit: is below the memory limit");
    }

    #[test]
    fn shares_quota_and_names_of_files() {
        assert_eq!((weight(2), weight(1024), weight(262_144)), (1, 39, 10_000));
        let cpu = Cpu { quota: Some(-1), period: Some(50_000), ..Cpu::default() };
        let mut resources = Resources { cpu: Some(cpu), ..Resources::default() };
        assert_eq!(settings(&resources).unwrap()[0].value, "max 50000");
        resources.unified.insert("../x".to_owned(), "1".to_owned());
        assert!(settings(&resources).is_err());
    }
}
