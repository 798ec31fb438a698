//! Tells what a container uses, once or every second.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use api::container::{
    BlkioEntry, BlkioStats, CpuStats, CpuUsage, MemoryStats, NetworkStats, PidsStats, StatsResponse, ThrottlingData,
};
use fault::{Fault, Result, Step};
use oci::stats::Stats;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_stream::wrappers::ReceiverStream;

use super::process::Process;
use super::start::blocking;
use super::{Handle, Stored, View, groups};
use crate::action::Stream;
use crate::clock;
use crate::inner::Inner;
use crate::request::ContainerStats;

/// Between two samples of a stream.
const PERIOD: Duration = Duration::from_secs(1);
/// Between the two samples of a single answer: long enough to tell a load, short enough to wait for.
const MOMENT: Duration = Duration::from_millis(500);
/// `USER_HZ` of `/proc/stat` is 100 on all that we run on (time(7)): nanoseconds of a tick.
const TICK: u64 = 10_000_000;

/// Begins to tell.
pub async fn stats(engine: &Arc<Inner>, request: ContainerStats) -> Result<Stream<StatsResponse>> {
    if request.stream && request.one_shot {
        return Err(Fault::invalid("cannot have stream=true and one-shot=true"));
    }
    let handle = engine.containers.find(&request.target)?;
    let (answers, receiver) = mpsc::channel(1);
    tokio::spawn(tell(Arc::clone(engine), handle, request, answers));
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

/// What was counted at one moment.
struct Sample {
    time: i64,
    stats: Stats,
    system: (u64, u32),
    networks: Option<BTreeMap<String, NetworkStats>>,
}

async fn tell(
    engine: Arc<Inner>,
    handle: Handle,
    request: ContainerStats,
    answers: mpsc::Sender<Result<StatsResponse>>,
) {
    let mut before = None;
    if !request.stream && !request.one_shot {
        before = sample(&engine, &handle.view()).await;
        if before.is_some() {
            sleep(MOMENT).await;
        }
    }
    let mut ticks = interval_at(Instant::now(), PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = answers.closed() => return,
        }
        let view = handle.view();
        if view.gone {
            return;
        }
        let now = sample(&engine, &view).await;
        let answer = describe(&view.stored, now.as_ref(), before.as_ref());
        if answers.send(Ok(answer)).await.is_err() || !request.stream {
            return;
        }
        before = now;
    }
}

/// Counts; nothing where the container does not run, or ends meanwhile.
async fn sample(engine: &Arc<Inner>, view: &Arc<View>) -> Option<Sample> {
    if !view.stored.state().phase.is_alive() {
        return None;
    }
    let (engine, view) = (Arc::clone(engine), Arc::clone(view));
    blocking(move || take(&engine, &view.stored)).await.ok()
}

fn take(engine: &Inner, stored: &Stored) -> Result<Sample> {
    let state = groups::state(engine, &stored.record.id)?;
    let process = Process::open(state.init)?;
    let own_network = stored.record.host_config.network_mode != "host";
    let networks = own_network.then(|| process.read("net/dev")).transpose()?.map(|text| interfaces(&text));
    let system = fs::read_to_string("/proc/stat").step("read /proc/stat")?;
    Ok(Sample {
        time: clock::now(),
        stats: cgroup::Cgroup::from_paths(state.cgroups).stats(),
        system: processors(&system),
        networks: networks.filter(|networks| !networks.is_empty()),
    })
}

/// The interfaces but `lo`: proc_pid_net(5), `dev`.
fn interfaces(text: &str) -> BTreeMap<String, NetworkStats> {
    let interface = |line: &str| {
        let (name, counts) = line.split_once(':')?;
        let counts: Vec<u64> = counts.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let at = |place: usize| counts.get(place).copied().unwrap_or(0);
        let stats = NetworkStats {
            rx_bytes: at(0),
            rx_packets: at(1),
            rx_errors: at(2),
            rx_dropped: at(3),
            tx_bytes: at(8),
            tx_packets: at(9),
            tx_errors: at(10),
            tx_dropped: at(11),
        };
        Some((name.trim().to_owned(), stats)).filter(|(name, _)| name != "lo")
    };
    text.lines().filter_map(interface).collect()
}

/// Time of all processors in nanoseconds, guests not counted twice, and their number: proc_stat(5).
fn processors(text: &str) -> (u64, u32) {
    let sum = text.lines().find_map(|line| line.strip_prefix("cpu "));
    let ticks: u64 =
        sum.into_iter().flat_map(str::split_whitespace).take(7).filter_map(|word| word.parse::<u64>().ok()).sum();
    let is_one =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let count = text.lines().filter(is_one).count();
    (ticks.saturating_mul(TICK), u32::try_from(count).unwrap_or(u32::MAX))
}

fn describe(stored: &Stored, now: Option<&Sample>, before: Option<&Sample>) -> StatsResponse {
    let record = &stored.record;
    let response = StatsResponse {
        name: format!("/{}", record.name),
        id: record.id.to_string(),
        read: clock::rfc3339(now.map(|sample| sample.time)),
        preread: clock::rfc3339(before.map(|sample| sample.time)),
        precpu_stats: before.map(cpu).unwrap_or_default(),
        ..StatsResponse::default()
    };
    let Some(sample) = now else { return response };
    let pids = &sample.stats.pids;
    StatsResponse {
        pids_stats: PidsStats { current: pids.current, limit: pids.limit },
        blkio_stats: blkio(&sample.stats),
        cpu_stats: cpu(sample),
        memory_stats: memory(&sample.stats, host_memory()),
        networks: sample.networks.clone(),
        ..response
    }
}

fn cpu(sample: &Sample) -> CpuStats {
    let usage = &sample.stats.cpu.usage;
    let throttling = &sample.stats.cpu.throttling;
    CpuStats {
        cpu_usage: CpuUsage {
            total_usage: usage.total,
            percpu_usage: usage.percpu.clone(),
            usage_in_kernelmode: usage.kernel,
            usage_in_usermode: usage.user,
        },
        system_cpu_usage: sample.system.0,
        online_cpus: sample.system.1,
        throttling_data: ThrottlingData {
            periods: throttling.periods,
            throttled_periods: throttling.throttled_periods,
            throttled_time: throttling.throttled_time,
        },
    }
}

/// Version 2 names memory that belongs to no file so, version 1 calls it `rss`.
fn is_version_2(stats: &Stats) -> bool {
    stats.memory.raw.contains_key("anon")
}

fn blkio(stats: &Stats) -> BlkioStats {
    let v2 = is_version_2(stats);
    let entries = |list: &[oci::stats::BlkioEntry]| {
        let entry = |entry: &oci::stats::BlkioEntry| BlkioEntry {
            major: entry.major,
            minor: entry.minor,
            op: if v2 { entry.op.to_ascii_lowercase() } else { entry.op.clone() },
            value: entry.value,
        };
        list.iter().map(entry).collect::<Vec<_>>()
    };
    let bytes = entries(&stats.blkio.io_service_bytes_recursive);
    if v2 {
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        return BlkioStats { io_service_bytes_recursive: bytes, ..BlkioStats::default() };
    }
    BlkioStats {
        io_service_bytes_recursive: Some(bytes),
        io_serviced_recursive: Some(entries(&stats.blkio.io_serviced_recursive)),
        io_queue_recursive: Some(Vec::new()),
        io_service_time_recursive: Some(Vec::new()),
        io_wait_time_recursive: Some(Vec::new()),
        io_merged_recursive: Some(Vec::new()),
        io_time_recursive: Some(Vec::new()),
        sectors_recursive: Some(Vec::new()),
    }
}

/// No container can have more than the host.
fn memory(stats: &Stats, host: u64) -> MemoryStats {
    let memory = &stats.memory;
    MemoryStats {
        usage: memory.usage.usage,
        max_usage: if is_version_2(stats) { 0 } else { memory.usage.max },
        stats: memory.raw.clone(),
        failcnt: memory.usage.failcnt,
        limit: if memory.usage.limit == 0 { host } else { memory.usage.limit.min(host) },
    }
}

/// The host's memory in bytes.
fn host_memory() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci::stats::{Memory, MemoryUsage};

    #[test]
    fn interfaces_are_read_but_not_the_loopback() {
        let text = "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n\
                    eth0:   10 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n";
        let all = interfaces(text);
        let expect = NetworkStats {
            rx_bytes: 10,
            rx_packets: 2,
            rx_errors: 3,
            rx_dropped: 4,
            tx_bytes: 50,
            tx_packets: 6,
            tx_errors: 7,
            tx_dropped: 8,
        };
        assert_eq!(all, BTreeMap::from([("eth0".to_owned(), expect)]));
    }

    #[test]
    fn processors_are_summed_without_their_guests() {
        let text = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1\ncpu1 0 0 0 0\nctxt 5\n";
        assert_eq!(processors(text), (28 * TICK, 2));
    }

    #[test]
    fn no_limit_is_the_host_s_memory() {
        let with = |limit| {
            let usage = MemoryUsage { limit, ..MemoryUsage::default() };
            memory(&Stats { memory: Memory { usage, ..Memory::default() }, ..Stats::default() }, 1000).limit
        };
        assert_eq!((with(0), with(10), with(u64::MAX)), (1000, 10, 1000));
    }
}
