//! From the flags of `run` and `create` to the body of the request.

use crate::config::ConfigFile;
use crate::flag::Matches;
use crate::opts::{
    check, device, env, gpus, health, hosts, labels, mount, network, port, restart, security, throttle, ulimit, volume,
};
use api::container::{ContainerConfig, ContainerCreateRequest, HostConfig, LogConfig};
use api::port::Empty;
use std::collections::BTreeMap;

/// The request of a command line to the daemon at `daemon`. Errors are docker's texts, in the order docker finds them.
pub fn build(matches: &Matches, settings: &ConfigFile, daemon: &str) -> Result<ContainerCreateRequest, String> {
    check_early(matches)?;
    let volumes = Volumes::read(matches)?;
    let ports = port::read(&matches.list("publish"), &matches.list("expose"))?;
    let devices = Devices::read(matches)?;
    let mut config = config(matches, settings, daemon)?;
    let mut host = host(matches)?;
    config.exposed_ports = Some(ports.exposed).filter(|ports| !ports.is_empty());
    config.volumes = Some(volumes.anonymous);
    host.port_bindings = Some(ports.bindings);
    host.binds = some(volumes.binds);
    host.mounts = some(volumes.mounts);
    host.tmpfs = Some(volumes.tmpfs).filter(|tmpfs| !tmpfs.is_empty());
    host.devices = Some(devices.mappings);
    host.device_requests = some(devices.requests);
    if matches.bool("rm") && !matches!(&*host.restart_policy.name, "" | "no") {
        return Err("conflicting options: cannot specify both --restart and --rm".into());
    }
    let (first, networking) = network::collect(matches)?;
    host.network_mode = first;
    Ok(ContainerCreateRequest { config, host_config: Some(host), networking_config: Some(networking) })
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn check_early(matches: &Matches) -> Result<(), String> {
    if matches.bool("use-api-socket") {
        return Err("--use-api-socket is not implemented yet".into());
    }
    if !matches.bool("disable-content-trust") {
        return Err("content trust is not implemented yet".into());
    }
    if let Some(mac) = matches.some("mac-address") {
        network::check_mac(&mac)?;
    }
    let swappiness = matches.int("memory-swappiness");
    if swappiness != -1 && !(0..=100).contains(&swappiness) {
        return Err(format!("invalid value: {swappiness}. Valid memory swappiness range is 0-100"));
    }
    Ok(())
}

/// What is mounted, by the form in which it was asked for.
struct Volumes {
    anonymous: BTreeMap<String, Empty>,
    binds: Vec<String>,
    mounts: Vec<api::container::Mount>,
    tmpfs: BTreeMap<String, String>,
}

impl Volumes {
    fn read(matches: &Matches) -> Result<Volumes, String> {
        let mut volumes =
            Volumes { anonymous: BTreeMap::new(), binds: Vec::new(), mounts: Vec::new(), tmpfs: BTreeMap::new() };
        for value in matches.list("volume") {
            match volume::read(&value)? {
                volume::Volume::Anonymous(path) => {
                    volumes.anonymous.insert(path, Empty {});
                }
                volume::Volume::Bind(bind) => volumes.binds.push(bind),
            }
        }
        volumes.mounts = matches.list("mount").iter().map(|value| mount::read(value)).collect::<Result<_, _>>()?;
        volumes.tmpfs = matches.list("tmpfs").iter().map(|value| volume::tmpfs(value)).collect();
        Ok(volumes)
    }
}

struct Devices {
    mappings: Vec<api::container::DeviceMapping>,
    requests: Vec<api::container::DeviceRequest>,
}

impl Devices {
    fn read(matches: &Matches) -> Result<Devices, String> {
        let requests: Vec<_> = matches.list("gpus").iter().map(|value| gpus::read(value)).collect::<Result<_, _>>()?;
        let mut devices = Devices { mappings: Vec::new(), requests };
        let mut cdi = Vec::new();
        for value in matches.list("device") {
            match device::read(&value)? {
                device::Device::Mapping(mapping) => devices.mappings.push(mapping),
                device::Device::Cdi(name) => cdi.push(name),
            }
        }
        if !cdi.is_empty() {
            devices.requests.push(device::cdi_request(cdi));
        }
        Ok(devices)
    }
}

/// The portable part.
fn config(matches: &Matches, settings: &ConfigFile, daemon: &str) -> Result<ContainerConfig, String> {
    let (image, command) = matches.positional.split_first().ok_or("no image")?;
    let mut variables = env::collect(&matches.list("env-file"), &matches.list("env"))?;
    add_proxies(&mut variables, settings, daemon);
    let attach = Attach::of(matches);
    let stdin = matches.bool("interactive");
    Ok(ContainerConfig {
        hostname: matches.str("hostname").into(),
        domainname: matches.str("domainname").into(),
        user: matches.str("user").into(),
        attach_stdin: attach.stdin,
        attach_stdout: attach.stdout,
        attach_stderr: attach.stderr,
        tty: matches.bool("tty"),
        open_stdin: stdin,
        // The input ends with its first client, which is this one when it joins it.
        stdin_once: stdin && attach.stdin,
        env: some(variables),
        cmd: some(command.to_vec()).map(Into::into),
        healthcheck: health::read(matches)?,
        image: image.clone(),
        working_dir: matches.str("workdir").into(),
        // An empty entrypoint takes the image's away.
        entrypoint: matches.changed("entrypoint").then(|| vec![matches.str("entrypoint").to_string()].into()),
        labels: Some(labels::collect(&matches.list("label-file"), &matches.list("label"))?),
        stop_signal: matches.str("stop-signal").into(),
        stop_timeout: matches.changed("stop-timeout").then(|| matches.int("stop-timeout") as i32),
        ..ContainerConfig::default()
    })
}

/// Which streams the client joins.
pub struct Attach {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

impl Attach {
    /// Those of `--attach`; without it both outputs, and the input where it is kept open. None with `--detach`.
    pub fn of(matches: &Matches) -> Attach {
        let chosen: Vec<String> = matches.list("attach").iter().map(|name| name.to_lowercase()).collect();
        let is = |name: &str| chosen.iter().any(|chosen| chosen == name);
        if matches.has("detach") && matches.bool("detach") {
            return Attach { stdin: false, stdout: false, stderr: false };
        }
        match chosen.is_empty() {
            true => Attach { stdin: matches.bool("interactive"), stdout: true, stderr: true },
            false => {
                Attach { stdin: is("stdin") || matches.bool("interactive"), stdout: is("stdout"), stderr: is("stderr") }
            }
        }
    }

    /// Whether anything is joined.
    pub fn any(&self) -> bool {
        self.stdin || self.stdout || self.stderr
    }
}

/// Proxies of the configuration for this daemon, in both spellings, where the command line does not set them.
fn add_proxies(variables: &mut Vec<String>, settings: &ConfigFile, daemon: &str) {
    let Some(proxy) = settings.proxies.get(daemon).or_else(|| settings.proxies.get("default")) else { return };
    let known = [
        ("HTTP_PROXY", &proxy.http_proxy),
        ("HTTPS_PROXY", &proxy.https_proxy),
        ("NO_PROXY", &proxy.no_proxy),
        ("FTP_PROXY", &proxy.ftp_proxy),
        ("ALL_PROXY", &proxy.all_proxy),
    ];
    for (name, value) in known {
        for name in [name.to_string(), name.to_lowercase()] {
            let given = variables.iter().any(|known| known.split('=').next() == Some(&name));
            if !value.is_empty() && !given {
                variables.push(format!("{name}={value}"));
            }
        }
    }
}

/// What belongs to the host.
fn host(matches: &Matches) -> Result<HostConfig, String> {
    let mut host = resources(matches)?;
    isolate(&mut host, matches)?;
    let options = security::options(&matches.list("security-opt"))?;
    let (options, unmasked) = security::system_paths(options);
    let log_driver = matches.str("log-driver");
    host.container_id_file = matches.str("cidfile").into();
    host.log_config =
        LogConfig { kind: log_driver.into(), config: Some(security::logging(log_driver, &matches.list("log-opt"))?) };
    host.restart_policy = restart::read(matches.str("restart"))?;
    host.auto_remove = matches.bool("rm");
    host.volume_driver = matches.str("volume-driver").into();
    host.volumes_from = some(matches.list("volumes-from"));
    host.annotations = Some(labels::map(&matches.list("annotation"))).filter(|map| !map.is_empty());
    host.cap_add = some(security::capabilities(&matches.list("cap-add"))).map(Into::into);
    host.cap_drop = some(security::capabilities(&matches.list("cap-drop"))).map(Into::into);
    host.dns = Some(matches.list("dns"));
    host.dns_options = Some(matches.list("dns-option"));
    host.dns_search = Some(matches.list("dns-search").into_iter().filter(|domain| !domain.is_empty()).collect());
    host.extra_hosts = some(matches.list("add-host").iter().map(|value| hosts::resolve(value)).collect());
    host.group_add = some(matches.list("group-add"));
    host.links = some(matches.list("link"));
    host.privileged = matches.bool("privileged");
    host.publish_all_ports = matches.bool("publish-all");
    host.readonly_rootfs = matches.bool("read-only");
    host.security_opt = some(options);
    host.storage_opt = Some(security::storage(&matches.list("storage-opt"))?).filter(|map| !map.is_empty());
    host.shm_size = matches.bytes("shm-size");
    host.sysctls = Some(labels::map(&matches.list("sysctl"))).filter(|map| !map.is_empty());
    host.runtime = matches.str("runtime").into();
    host.isolation = matches.str("isolation").into();
    host.init = matches.changed("init").then(|| matches.bool("init"));
    if unmasked {
        host.masked_paths = Some(Vec::new());
        host.readonly_paths = Some(Vec::new());
    }
    Ok(host)
}

fn isolate(host: &mut HostConfig, matches: &Matches) -> Result<(), String> {
    let (pid, uts, userns, cgroupns) =
        (matches.str("pid"), matches.str("uts"), matches.str("userns"), matches.str("cgroupns"));
    security::check_modes(pid, uts, userns, cgroupns)?;
    host.pid_mode = pid.into();
    host.uts_mode = uts.into();
    host.userns_mode = userns.into();
    host.cgroupns_mode = cgroupns.into();
    host.ipc_mode = matches.str("ipc").into();
    Ok(())
}

fn resources(matches: &Matches) -> Result<HostConfig, String> {
    let each = |name: &str, read: fn(&str) -> Result<api::container::ThrottleDevice, String>| {
        matches.list(name).iter().map(|value| read(value)).collect::<Result<Vec<_>, _>>().map(Some)
    };
    let swap = match matches.str("memory-swap") {
        "-1" => -1,
        _ => matches.bytes("memory-swap"),
    };
    let cpus = matches.str("cpus");
    Ok(HostConfig {
        oom_score_adj: matches.int("oom-score-adj"),
        cpu_shares: matches.int("cpu-shares"),
        memory: matches.bytes("memory"),
        nano_cpus: if cpus.is_empty() { 0 } else { check::cpus(cpus)? },
        cgroup_parent: matches.str("cgroup-parent").into(),
        blkio_weight: matches.uint("blkio-weight") as u16,
        blkio_weight_device: Some(
            matches
                .list("blkio-weight-device")
                .iter()
                .map(|value| throttle::weight(value))
                .collect::<Result<_, _>>()?,
        ),
        blkio_device_read_bps: each("device-read-bps", throttle::bps)?,
        blkio_device_write_bps: each("device-write-bps", throttle::bps)?,
        blkio_device_read_iops: each("device-read-iops", throttle::iops)?,
        blkio_device_write_iops: each("device-write-iops", throttle::iops)?,
        cpu_period: matches.int("cpu-period"),
        cpu_quota: matches.int("cpu-quota"),
        cpu_realtime_period: matches.int("cpu-rt-period"),
        cpu_realtime_runtime: matches.int("cpu-rt-runtime"),
        cpuset_cpus: matches.str("cpuset-cpus").into(),
        cpuset_mems: matches.str("cpuset-mems").into(),
        device_cgroup_rules: some(matches.list("device-cgroup-rule")),
        memory_reservation: matches.bytes("memory-reservation"),
        memory_swap: swap,
        memory_swappiness: Some(matches.int("memory-swappiness")),
        oom_kill_disable: Some(matches.bool("oom-kill-disable")),
        pids_limit: Some(matches.int("pids-limit")),
        ulimits: Some(matches.list("ulimit").iter().map(|value| ulimit::read(value)).collect::<Result<_, _>>()?),
        cpu_count: matches.int("cpu-count"),
        cpu_percent: matches.int("cpu-percent"),
        io_maximum_iops: matches.uint("io-maxiops"),
        io_maximum_bandwidth: matches.bytes("io-maxbandwidth").unsigned_abs(),
        ..HostConfig::default()
    })
}
