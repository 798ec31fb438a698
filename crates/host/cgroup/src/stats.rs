//! What a group uses: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use oci::stats::{Blkio, BlkioEntry, Cpu, CpuUsage, Cpuset, Hugetlb, Memory, MemoryUsage, Pids, Stats, Throttling};

use crate::Cgroup;

/// Clock ticks of `cpuacct.stat`, in nanoseconds: USER_HZ is 100 on all that we run on (time(7)).
const TICK: u64 = 10_000_000;

impl Cgroup {
    /// What the processes in the group and below it use. A file that this kernel has not counts as nothing.
    pub fn stats(&self) -> Stats {
        let files = Files(self.paths());
        let (cpu, memory) = match files.read("memory.current") {
            Some(_) => (cpu_v2(&files), memory_v2(&files)),
            None => (cpu_v1(&files), memory_v1(&files)),
        };
        Stats {
            cpu,
            cpuset: cpuset(&files),
            memory,
            pids: Pids { current: files.number("pids.current"), limit: files.number("pids.max") },
            blkio: blkio(&files),
            hugetlb: hugetlb(&files),
            ..Stats::default()
        }
    }
}

/// The files of a group on all its hierarchies.
struct Files<'a>(&'a [PathBuf]);

impl Files<'_> {
    /// Whole: some have more than a page.
    fn read(&self, name: &str) -> Option<String> {
        self.0.iter().find_map(|path| fs::read_to_string(path.join(name)).ok())
    }

    /// The number in a file of one; 0 for `max` and for what is not there.
    fn number(&self, name: &str) -> u64 {
        self.read(name).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    fn numbers(&self, name: &str) -> Vec<u64> {
        let text = self.read(name).unwrap_or_default();
        text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }

    fn keyed(&self, name: &str) -> BTreeMap<String, u64> {
        let text = self.read(name).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs.filter_map(|(key, value)| Some((key.to_owned(), value.trim().parse().ok()?))).collect()
    }

    /// Names of files that begin so.
    fn names(&self, prefix: &str) -> Vec<String> {
        let entries = self.0.iter().flat_map(|path| fs::read_dir(path).into_iter().flatten().flatten());
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(prefix)).collect()
    }
}

fn throttling(stat: &BTreeMap<String, u64>, time: &str, unit: u64) -> Throttling {
    let get = |key: &str| stat.get(key).copied().unwrap_or(0);
    Throttling { periods: get("nr_periods"), throttled_periods: get("nr_throttled"), throttled_time: get(time) * unit }
}

fn cpu_v1(files: &Files<'_>) -> Cpu {
    let stat = files.keyed("cpuacct.stat");
    let ticks = |key: &str| stat.get(key).copied().unwrap_or(0) * TICK;
    // `cpu user system` in lines of three numbers.
    let all = files.read("cpuacct.usage_all").unwrap_or_default();
    let rows: Vec<Vec<u64>> =
        all.lines().skip(1).map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect()).collect();
    let column = |place: usize| rows.iter().filter_map(|row| row.get(place).copied()).collect();
    Cpu {
        usage: CpuUsage {
            total: files.number("cpuacct.usage"),
            percpu: files.numbers("cpuacct.usage_percpu"),
            percpu_kernel: column(2),
            percpu_user: column(1),
            kernel: ticks("system"),
            user: ticks("user"),
        },
        throttling: throttling(&files.keyed("cpu.stat"), "throttled_time", 1),
    }
}

fn cpu_v2(files: &Files<'_>) -> Cpu {
    let stat = files.keyed("cpu.stat");
    let nanoseconds = |key: &str| stat.get(key).copied().unwrap_or(0) * 1000;
    Cpu {
        usage: CpuUsage {
            total: nanoseconds("usage_usec"),
            kernel: nanoseconds("system_usec"),
            user: nanoseconds("user_usec"),
            ..CpuUsage::default()
        },
        throttling: throttling(&stat, "throttled_usec", 1000),
    }
}

fn memory_v1(files: &Files<'_>) -> Memory {
    let usage = |kind: &str| MemoryUsage {
        limit: files.number(&format!("memory{kind}.limit_in_bytes")),
        usage: files.number(&format!("memory{kind}.usage_in_bytes")),
        max: files.number(&format!("memory{kind}.max_usage_in_bytes")),
        failcnt: files.number(&format!("memory{kind}.failcnt")),
    };
    let raw = files.keyed("memory.stat");
    Memory {
        cache: raw.get("cache").copied().unwrap_or(0),
        usage: usage(""),
        swap: usage(".memsw"),
        kernel: usage(".kmem"),
        kernel_tcp: usage(".kmem.tcp"),
        raw,
    }
}

fn memory_v2(files: &Files<'_>) -> Memory {
    // `max` is no limit, which is told as the largest number.
    let limit = |name: &str| match files.read(name).as_deref().map(str::trim) {
        Some("max") => u64::MAX,
        Some(text) => text.parse().unwrap_or(0),
        None => 0,
    };
    let raw = files.keyed("memory.stat");
    let events = files.keyed("memory.events");
    let used = files.number("memory.current");
    let usage = MemoryUsage {
        limit: limit("memory.max"),
        usage: used,
        max: files.number("memory.peak"),
        failcnt: events.get("max").copied().unwrap_or(0),
    };
    // Memory and swap together, as version 1 has it.
    let swap = MemoryUsage {
        limit: limit("memory.swap.max").saturating_add(usage.limit),
        usage: used + files.number("memory.swap.current"),
        max: files.number("memory.swap.peak"),
        failcnt: 0,
    };
    Memory { cache: raw.get("file").copied().unwrap_or(0), usage, swap, raw, ..Memory::default() }
}

fn cpuset(files: &Files<'_>) -> Cpuset {
    let number = |name: &str| files.number(&format!("cpuset.{name}"));
    let list = |name: &str| parse_list(&files.read(&format!("cpuset.{name}")).unwrap_or_default());
    let level = files.read("cpuset.sched_relax_domain_level").and_then(|text| text.trim().parse().ok());
    Cpuset {
        cpus: list("cpus"),
        cpu_exclusive: number("cpu_exclusive"),
        mems: list("mems"),
        mem_hardwall: number("mem_hardwall"),
        mem_exclusive: number("mem_exclusive"),
        memory_migrate: number("memory_migrate"),
        memory_spread_page: number("memory_spread_page"),
        memory_spread_slab: number("memory_spread_slab"),
        memory_pressure: number("memory_pressure"),
        sched_load_balance: number("sched_load_balance"),
        sched_relax_domain_level: level.unwrap_or(0),
    }
}

/// `0-2,5`: cpuset(7), "List format".
fn parse_list(text: &str) -> Vec<u16> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

fn blkio(files: &Files<'_>) -> Blkio {
    if let Some(text) = files.read("io.stat") {
        return blkio_v2(&text);
    }
    let entries = |name: &str| files.read(name).map(|text| blkio_v1(&text)).unwrap_or_default();
    Blkio {
        io_service_bytes_recursive: entries("blkio.throttle.io_service_bytes_recursive"),
        io_serviced_recursive: entries("blkio.throttle.io_serviced_recursive"),
    }
}

/// Lines of `8:0 Read 4096`; the last one is a sum.
fn blkio_v1(text: &str) -> Vec<BlkioEntry> {
    let entry = |line: &str| {
        let mut words = line.split(' ');
        let (major, minor) = words.next()?.split_once(':')?;
        let op = words.next()?.to_owned();
        Some(BlkioEntry {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
            op,
            value: words.next()?.parse().ok()?,
        })
    };
    text.lines().filter_map(entry).collect()
}

/// Lines of `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`.
fn blkio_v2(text: &str) -> Blkio {
    let mut all = Blkio::default();
    for line in text.lines() {
        let mut words = line.split(' ');
        let Some((major, minor)) = words.next().and_then(|device| device.split_once(':')) else { continue };
        let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { continue };
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            let (list, op) = match key {
                "rbytes" => (&mut all.io_service_bytes_recursive, "Read"),
                "wbytes" => (&mut all.io_service_bytes_recursive, "Write"),
                "rios" => (&mut all.io_serviced_recursive, "Read"),
                "wios" => (&mut all.io_serviced_recursive, "Write"),
                _ => continue,
            };
            list.push(BlkioEntry { major, minor, op: op.to_owned(), value: value.parse().unwrap_or(0) });
        }
    }
    all
}

fn hugetlb(files: &Files<'_>) -> BTreeMap<String, Hugetlb> {
    let mut all = BTreeMap::new();
    for name in files.names("hugetlb.") {
        let Some(size) = name.strip_prefix("hugetlb.").and_then(|rest| rest.split('.').next()) else { continue };
        if all.contains_key(size) {
            continue;
        }
        let number = |name: &str| files.number(&format!("hugetlb.{size}.{name}"));
        let failures = files.keyed(&format!("hugetlb.{size}.events")).get("max").copied().unwrap_or(0);
        let usage = Hugetlb {
            usage: number("usage_in_bytes") + number("current"),
            max: number("max_usage_in_bytes"),
            failcnt: number("failcnt") + failures,
        };
        all.insert(size.to_owned(), usage);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(files: &[(&str, &str)]) -> (tempfile::TempDir, Stats) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let stats = Cgroup::from_paths(vec![folder.path().to_owned()]).stats();
        (folder, stats)
    }

    #[test]
    fn version_1_is_read() {
        let (_folder, stats) = group(&[
            ("cpuacct.usage", "15359425\n"),
            ("cpuacct.usage_percpu", "14980300 379125 \n"),
            ("cpuacct.usage_all", "cpu user system\n0 4000000 12000000\n1 0 0\n"),
            ("cpuacct.stat", "user 0\nsystem 1\n"),
            ("memory.limit_in_bytes", "67108864\n"),
            ("memory.usage_in_bytes", "634880\n"),
            ("memory.stat", "cache 4096\nrss 53248\n"),
            ("cpuset.cpus", "0-1,3\n"),
            ("cpuset.sched_relax_domain_level", "-1\n"),
            ("pids.current", "1\n"),
            ("pids.max", "max\n"),
            ("blkio.throttle.io_serviced_recursive", "8:0 Read 2\n8:0 Total 2\nTotal 2\n"),
        ]);
        assert_eq!(stats.cpu.usage.percpu_kernel, [12_000_000, 0]);
        assert_eq!((stats.cpu.usage.kernel, stats.memory.usage.limit, stats.memory.cache), (TICK, 67_108_864, 4096));
        assert_eq!((stats.cpuset.cpus, stats.cpuset.sched_relax_domain_level), (vec![0, 1, 3], -1));
        assert_eq!((stats.pids.current, stats.pids.limit), (1, 0));
        assert_eq!(stats.blkio.io_serviced_recursive.len(), 2);
    }

    #[test]
    fn version_2_is_read() {
        let (_folder, stats) = group(&[
            ("cpu.stat", "usage_usec 5\nuser_usec 2\nsystem_usec 3\nnr_periods 4\nnr_throttled 1\nthrottled_usec 7\n"),
            ("memory.current", "1000\n"),
            ("memory.max", "max\n"),
            ("memory.swap.max", "max\n"),
            ("memory.swap.current", "10\n"),
            ("memory.stat", "anon 1\nfile 2\n"),
            ("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0\n"),
            ("hugetlb.2MB.current", "0\n"),
            ("hugetlb.2MB.events", "max 3\n"),
        ]);
        assert_eq!((stats.cpu.usage.total, stats.cpu.throttling.throttled_time), (5000, 7000));
        assert_eq!(
            (stats.memory.usage.limit, stats.memory.swap.limit, stats.memory.swap.usage),
            (u64::MAX, u64::MAX, 1010)
        );
        assert_eq!((stats.memory.cache, stats.blkio.io_service_bytes_recursive.len()), (2, 2));
        assert_eq!(stats.hugetlb["2MB"].failcnt, 3);
    }
}
