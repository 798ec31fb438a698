//! One container's numbers, and how they are shown.

use crate::command::container::ls::short_id;
use crate::format::{Row, Value};
use api::container::{BlkioStats, CpuStats, MemoryStats, NetworkStats, StatsResponse};
use human::{bytes_size, decimal_size_with};
use std::collections::BTreeMap;

/// What is shown of one container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    id: String,
    /// With a slash.
    name: String,
    /// `None` where the daemon did not tell.
    usage: Option<Usage>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Usage {
    /// Hundredths of one processor.
    cpu: f64,
    /// Bytes.
    memory: f64,
    limit: f64,
    received: u64,
    sent: u64,
    read: u64,
    written: u64,
    processes: u64,
}

impl Sample {
    /// A container of which nothing is known yet.
    pub fn unknown() -> Sample {
        Sample { usage: Some(Usage::default()), ..Sample::default() }
    }

    /// What the daemon told.
    pub fn read(stats: &StatsResponse) -> Sample {
        let (received, sent) = network(stats.networks.as_ref());
        let (read, written) = blocks(&stats.blkio_stats);
        let usage = Usage {
            cpu: cpu(&stats.precpu_stats, &stats.cpu_stats),
            memory: memory(&stats.memory_stats),
            limit: stats.memory_stats.limit as f64,
            received,
            sent,
            read,
            written,
            processes: stats.pids_stats.current,
        };
        Sample { id: stats.id.clone(), name: stats.name.clone(), usage: Some(usage) }
    }

    /// Forgets the numbers: they are older than what is shown beside them.
    pub fn lose(&mut self) {
        self.usage = None;
    }

    /// The row; `container` is how the user named it.
    pub fn row(&self, container: &str, truncate: bool) -> Value {
        let name = if self.name.len() > 1 { &self.name[1..] } else { "--" };
        let id = if truncate { short_id(&self.id) } else { &self.id };
        let show = |text: &dyn Fn(Usage) -> String, none: &str| Value::from(self.usage.map_or(none.into(), text));
        let pair = |a: u64, b: u64| format!("{} / {}", decimal_size_with(a as f64, 3), decimal_size_with(b as f64, 3));
        let fields = vec![
            ("BlockIO", show(&|usage| pair(usage.read, usage.written), "--")),
            ("CPUPerc", show(&|usage| format!("{:.2}%", usage.cpu), "--")),
            ("Container", Value::from(container)),
            ("ID", Value::from(id)),
            ("MemPerc", show(&|usage| format!("{:.2}%", share(usage.memory, usage.limit)), "--")),
            (
                "MemUsage",
                show(&|usage| format!("{} / {}", bytes_size(usage.memory), bytes_size(usage.limit)), "-- / --"),
            ),
            ("Name", Value::from(name)),
            ("NetIO", show(&|usage| pair(usage.received, usage.sent), "--")),
            ("PIDs", show(&|usage| usage.processes.to_string(), "--")),
        ];
        Row { type_name: "*container.statsContext", fields, labels: None }.value()
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole * 100.0 }
}

/// The container's share of the time that all processors had since the sample before; one processor is a hundred.
fn cpu(before: &CpuStats, now: &CpuStats) -> f64 {
    let used = now.cpu_usage.total_usage as f64 - before.cpu_usage.total_usage as f64;
    let had = now.system_cpu_usage as f64 - before.system_cpu_usage as f64;
    let processors = match now.online_cpus {
        0 => now.cpu_usage.percpu_usage.len() as f64,
        count => f64::from(count),
    };
    if used > 0.0 && had > 0.0 { used / had * processors * 100.0 } else { 0.0 }
}

/// Memory without the pages of files that the kernel would give back first; they go by two names in the two versions
/// of the control groups.
fn memory(stats: &MemoryStats) -> f64 {
    let inactive = ["total_inactive_file", "inactive_file"].iter().find_map(|name| {
        let bytes = *stats.stats.get(*name)?;
        (bytes < stats.usage).then_some(bytes)
    });
    (stats.usage - inactive.unwrap_or(0)) as f64
}

fn network(interfaces: Option<&BTreeMap<String, NetworkStats>>) -> (u64, u64) {
    let all = interfaces.into_iter().flat_map(BTreeMap::values);
    all.fold((0, 0), |(received, sent), one| (received + one.rx_bytes, sent + one.tx_bytes))
}

fn blocks(stats: &BlkioStats) -> (u64, u64) {
    let entries = stats.io_service_bytes_recursive.iter().flatten();
    entries.fold((0, 0), |(read, written), entry| match entry.op.as_bytes().first() {
        Some(b'r' | b'R') => (read + entry.value, written),
        Some(b'w' | b'W') => (read, written + entry.value),
        _ => (read, written),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str = r#"{"name":"/va","id":"1111f37b9c022a573f5aa88c608a1063d4b703815ee054045e4dd6e4838b7d6f",
        "pids_stats":{"current":3},
        "blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":1500},{"op":"write","value":20},{"op":"Total","value":9}]},
        "cpu_stats":{"cpu_usage":{"total_usage":300},"system_cpu_usage":2000,"online_cpus":2},
        "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},
        "memory_stats":{"usage":3145728,"stats":{"inactive_file":1048576},"limit":8388608},
        "networks":{"eth0":{"rx_bytes":1000,"tx_bytes":1},"eth1":{"rx_bytes":500,"tx_bytes":2}}}"#;

    fn sample() -> Sample {
        Sample::read(&api::json::from_slice(STATS.as_bytes()).unwrap())
    }

    #[test]
    fn numbers_are_shown_as_docker_shows_them() {
        assert_eq!(
            sample().row("va", true).json(),
            r#"{"BlockIO":"1.5kB / 20B","CPUPerc":"40.00%","Container":"va","ID":"1111f37b9c02","MemPerc":"25.00%","MemUsage":"2MiB / 8MiB","Name":"va","NetIO":"1.5kB / 3B","PIDs":"3"}"#
        );
    }

    #[test]
    fn what_is_lost_is_not_shown() {
        let mut sample = sample();
        sample.lose();
        assert_eq!(
            sample.row("va", true).json(),
            r#"{"BlockIO":"--","CPUPerc":"--","Container":"va","ID":"1111f37b9c02","MemPerc":"--","MemUsage":"-- / --","Name":"va","NetIO":"--","PIDs":"--"}"#
        );
        assert!(Sample::unknown().row("vd", true).json().contains(r#""MemUsage":"0B / 0B","Name":"--""#));
    }

    #[test]
    fn counters_that_went_back_are_no_load() {
        let stats = |total| CpuStats { cpu_usage: usage(total), system_cpu_usage: total, ..CpuStats::default() };
        fn usage(total: u64) -> api::container::CpuUsage {
            api::container::CpuUsage { total_usage: total, ..Default::default() }
        }
        assert_eq!(cpu(&stats(9), &stats(5)), 0.0);
        let memory_stats =
            MemoryStats { usage: 5, stats: [("inactive_file".to_string(), 9)].into(), ..MemoryStats::default() };
        assert_eq!(memory(&memory_stats), 5.0);
    }
}
