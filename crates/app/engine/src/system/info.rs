//! What the engine is, has and can.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use api::system::{Commit, FirewallInfo, IndexInfo, Info, PluginsInfo, RegistryConfig, Runtime, SwarmInfo};
use container::state::Phase;
use registry::InsecureHost;

use crate::clock;
use crate::inner::Inner;

/// Tells it; nothing here is waited for.
pub fn info(engine: &Arc<Inner>) -> Info {
    let settings = &engine.settings;
    let live = engine.live.load();
    let host = Host::look();
    let views: Vec<_> = engine.containers.all().iter().map(crate::container::Handle::view).collect();
    let count =
        |wanted: &dyn Fn(Phase) -> bool| views.iter().filter(|view| wanted(view.stored.state().phase)).count() as i64;
    Info {
        id: engine.id.clone(),
        containers: views.len() as i64,
        containers_running: count(&|phase| matches!(phase, Phase::Running | Phase::Restarting)),
        containers_paused: count(&|phase| phase == Phase::Paused),
        containers_stopped: count(&|phase| {
            matches!(phase, Phase::Created | Phase::Exited | Phase::Dead | Phase::Removing)
        }),
        images: engine.images.list().len() as i64,
        driver: crate::STORAGE_DRIVER.into(),
        driver_status: vec![("Supports d_type".into(), "true".into()), ("Native Overlay Diff".into(), "true".into())],
        plugins: plugins(),
        memory_limit: host.can("memory"),
        swap_limit: host.swap_limit(),
        cpu_cfs_period: host.cpu_quota(),
        cpu_cfs_quota: host.cpu_quota(),
        cpu_shares: host.can("cpu"),
        cpu_set: host.can("cpuset"),
        pids_limit: host.can("pids"),
        ipv4_forwarding: read("/proc/sys/net/ipv4/ip_forward") == "1",
        debug: live.debug,
        n_fd: fs::read_dir("/proc/self/fd").map_or(-1, |entries| entries.count() as i64),
        oom_kill_disable: !host.version_2 && host.can("memory"),
        n_goroutines: fs::read_dir("/proc/self/task").map_or(-1, |entries| entries.count() as i64),
        system_time: clock::rfc3339(Some(clock::now())),
        logging_driver: settings.log_driver.clone(),
        cgroup_driver: "cgroupfs".into(),
        cgroup_version: if host.version_2 { "2" } else { "1" }.into(),
        n_events_listener: engine.events.listeners() as i64,
        kernel_version: rustix::system::uname().release().to_string_lossy().into_owned(),
        operating_system: os_release("PRETTY_NAME"),
        os_version: os_release("VERSION_ID"),
        os_type: "linux".into(),
        architecture: std::env::consts::ARCH.into(),
        index_server_address: "https://index.docker.io/v1/".into(),
        registry_config: Some(registries(engine)),
        n_cpu: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as i64),
        mem_total: host.memory,
        docker_root_dir: settings.data_root.display().to_string(),
        name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        labels: live.labels.clone(),
        server_version: crate::VERSION.into(),
        runtimes: runtimes(engine),
        default_runtime: live.default_runtime.clone(),
        swarm: SwarmInfo { local_node_state: "inactive".into(), ..SwarmInfo::default() },
        live_restore_enabled: live.live_restore,
        init_binary: "docker-init".into(),
        containerd_commit: Commit::default(),
        runc_commit: Commit { id: crate::BUILD.into(), expected: String::new() },
        init_commit: Commit { id: crate::BUILD.into(), expected: String::new() },
        security_options: security_options(engine, &host),
        firewall_backend: Some(FirewallInfo { driver: "nftables".into(), info: None }),
        warnings: warnings(&host),
        ..Info::default()
    }
}

fn runtimes(engine: &Inner) -> BTreeMap<String, Runtime> {
    let own = (crate::BUILT_IN.to_owned(), Runtime { path: "built in".into(), ..Runtime::default() });
    let live = engine.live.load();
    let given = live.runtimes.iter().map(|(name, program)| {
        let args = (!program.args.is_empty()).then(|| program.args.clone());
        (name.clone(), Runtime { path: program.path.display().to_string(), args, ..Runtime::default() })
    });
    [own].into_iter().chain(given).collect()
}

fn plugins() -> PluginsInfo {
    let list = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
    PluginsInfo {
        volume: list(&[]),
        network: list(&["bridge", "host", "null"]),
        authorization: None,
        log: list(&logsink::DRIVERS),
    }
}

fn registries(engine: &Inner) -> RegistryConfig {
    let live = engine.live.load();
    let mirrors: Vec<String> = live.registry.mirrors.iter().map(ToString::to_string).collect();
    let own = IndexInfo { name: "docker.io".into(), mirrors: mirrors.clone(), secure: true, official: true };
    let mut configs = BTreeMap::from([("docker.io".to_owned(), own)]);
    let mut cidrs = Vec::new();
    for entry in &live.registry.insecure {
        match entry {
            InsecureHost::Network(network) => cidrs.push(network.to_string()),
            InsecureHost::Host(host) => {
                let index = IndexInfo { name: host.clone(), mirrors: Vec::new(), secure: false, official: false };
                configs.insert(host.clone(), index);
            }
        }
    }
    RegistryConfig { insecure_registry_cidrs: cidrs, index_configs: configs, mirrors: Some(mirrors) }
}

fn security_options(engine: &Inner, host: &Host) -> Vec<String> {
    let mut all = vec!["name=seccomp,profile=builtin".to_owned()];
    if engine.apparmor.is_some() {
        all.insert(0, "name=apparmor".into());
    }
    if host.version_2 {
        all.push("name=cgroupns".into());
    }
    all
}

fn warnings(host: &Host) -> Option<Vec<String>> {
    let checks = [
        (host.can("memory"), "WARNING: No memory limit support"),
        (host.swap_limit(), "WARNING: No swap limit support"),
        (host.cpu_quota(), "WARNING: No cpu cfs quota support"),
        (host.can("cpu"), "WARNING: No cpu shares support"),
        (host.can("cpuset"), "WARNING: No cpuset support"),
        (host.can("pids"), "WARNING: No pids limit support"),
    ];
    let all: Vec<String> = checks.iter().filter(|(there, _)| !there).map(|(_, text)| (*text).to_owned()).collect();
    (!all.is_empty()).then_some(all)
}

/// What the kernel offers.
struct Host {
    version_2: bool,
    memory: i64,
}

impl Host {
    fn look() -> Self {
        let total = read("/proc/meminfo");
        let total = total
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<i64>().ok());
        Self { version_2: Path::new("/sys/fs/cgroup/cgroup.controllers").exists(), memory: total.unwrap_or(0) * 1024 }
    }

    fn can(&self, controller: &str) -> bool {
        if self.version_2 {
            return read("/sys/fs/cgroup/cgroup.controllers").split(' ').any(|name| name == controller);
        }
        Path::new("/sys/fs/cgroup").join(controller).is_dir()
    }

    fn swap_limit(&self) -> bool {
        self.version_2 || Path::new("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").exists()
    }

    fn cpu_quota(&self) -> bool {
        if self.version_2 { self.can("cpu") } else { Path::new("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").exists() }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// A value of os-release(5).
fn os_release(name: &str) -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.map_or(String::new(), |value| value.trim_matches('"').to_owned())
}
