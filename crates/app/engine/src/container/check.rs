//! What a request for a container says: checked, and filled in with the daemon's defaults.

use std::path::{Component, Path};

use api::container::{ContainerConfig, HostConfig};
use container::lifecycle::Restart;
use container::security::{SeccompChoice, Security};
use container::spec;
use fault::{Fault, Result};

use super::{etc, health, kill, limits, ports, specification, start};
use crate::inner::Inner;
use crate::logging;

/// Checks all that the request says, fills in the daemon's defaults, and gives warnings.
pub fn check(
    engine: &Inner,
    config: &ContainerConfig,
    host: &mut HostConfig,
    networking: &api::network::NetworkingConfig,
) -> Result<Vec<String>> {
    check_runtime(engine, host)?;
    check_missing(host)?;
    let warnings = limits::adapt(host)?;
    specification::block_devices(host)?;
    spec::check(host)?;
    for bind in spec::binds(host)?.iter().filter(|bind| !bind.make_source) {
        specification::check_source(bind)?;
    }
    check_profile(host)?;
    if Path::new(&host.cgroup_parent).components().any(|part| part == Component::ParentDir) {
        return Err(Fault::invalid(format!("invalid cgroup parent {:?}: it leads upwards", host.cgroup_parent)));
    }
    specification::effective_capabilities(host)?;
    Restart::parse(&host.restart_policy.name, host.restart_policy.maximum_retry_count)?;
    if host.restart_policy.name.is_empty() {
        "no".clone_into(&mut host.restart_policy.name);
    }
    if host.auto_remove && !matches!(host.restart_policy.name.as_str(), "" | "no") {
        return Err(Fault::invalid("can't create 'AutoRemove' container with restart policy"));
    }
    if !config.stop_signal.is_empty() {
        kill::signal_number(&config.stop_signal)?;
    }
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        return Err(Fault::invalid(format!(
            "the working directory '{}' is invalid, it needs to be an absolute path",
            config.working_dir
        )));
    }
    check_strings(config)?;
    if host.uts_mode == "host" && !config.hostname.is_empty() {
        return Err(Fault::invalid("conflicting options: hostname and the UTS mode"));
    }
    check_health(config)?;
    health::OnFailure::of(host)?;
    ports::requests(host.port_bindings.as_ref(), config.exposed_ports.as_ref(), host.publish_all_ports)?;
    etc::extra_hosts(host.extra_hosts.as_deref().unwrap_or_default(), None)?;
    etc::check_servers(host.dns.as_deref().unwrap_or_default())?;
    logging::merge_defaults(&engine.settings, host)?;
    set_network(engine, host, networking)?;
    start::hardware_address(config, networking)?;
    if host.shm_size == 0 && host.ipc_mode != "host" {
        host.shm_size = engine.settings.defaults.shm_size;
    }
    // The client's word for "not said".
    host.memory_swappiness = host.memory_swappiness.filter(|&value| value != -1);
    if host.ipc_mode.is_empty() {
        host.ipc_mode.clone_from(&engine.settings.defaults.ipc_mode);
    }
    if host.cgroupns_mode.is_empty() {
        let usual = if host.privileged || !specification::cgroup_v2() { "host" } else { "private" };
        let default = engine.settings.defaults.cgroupns_mode.as_deref().filter(|_| !host.privileged);
        host.cgroupns_mode = default.unwrap_or(usual).to_owned();
    }
    if host.privileged {
        // Nothing is hidden from it.
        (host.masked_paths, host.readonly_paths) = (None, None);
    } else {
        let list = |paths: &[&str]| Some(paths.iter().map(|&path| path.to_owned()).collect());
        host.masked_paths = host.masked_paths.take().or_else(|| list(&spec::MASKED));
        host.readonly_paths = host.readonly_paths.take().or_else(|| list(&spec::READONLY));
    }
    if host.runtime.is_empty() {
        host.runtime = engine.live.load().default_runtime.clone();
    }
    Ok(warnings.into_iter().chain(other_warnings(config, host)).collect())
}

/// The default profile is ours, and needs no check.
fn check_profile(host: &HostConfig) -> Result<()> {
    if !matches!(Security::parse(host)?.seccomp, SeccompChoice::Profile(_)) {
        return Ok(());
    }
    let Some(profile) = specification::seccomp(host)? else { return Ok(()) };
    let refused = |error| Fault::invalid(format!("opening seccomp profile failed: {error}"));
    seccomp::compile(&profile).map(drop).map_err(refused)
}

/// NUL ends a string for the kernel: what follows it would be lost.
fn check_strings(config: &ContainerConfig) -> Result<()> {
    let words = config.cmd.iter().chain(&config.entrypoint).flat_map(|list| list.iter());
    let all = words.chain(config.env.iter().flatten()).chain([
        &config.hostname,
        &config.domainname,
        &config.working_dir,
        &config.user,
    ]);
    if let Some(entry) = config.env.iter().flatten().find(|entry| entry.is_empty() || entry.starts_with('=')) {
        return Err(Fault::invalid(format!("invalid environment variable: {entry}")));
    }
    match all.into_iter().find(|text| text.contains('\0')) {
        Some(text) => Err(Fault::invalid(format!("invalid string {text:?}: it contains NUL"))),
        None if config.hostname.len() > 64 => {
            Err(Fault::invalid(format!("invalid hostname {:?}: longer than 64 bytes", config.hostname)))
        }
        None => Ok(()),
    }
}

/// Times in nanoseconds; 0 is the default.
fn check_health(config: &ContainerConfig) -> Result<()> {
    const LEAST: i64 = 1_000_000;
    container::health::Check::of(config)?;
    let Some(check) = &config.healthcheck else { return Ok(()) };
    let times = [
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    ];
    match times.iter().find(|(_, time)| *time != 0 && *time < LEAST) {
        Some((what, _)) => Err(Fault::invalid(format!("{what} in Healthcheck cannot be less than 1ms"))),
        None if check.retries < 0 => Err(Fault::invalid("Retries in Healthcheck cannot be negative")),
        None => Ok(()),
    }
}

/// The name is kept as it was given, and what it stands for is looked up at every start.
fn check_runtime(engine: &Inner, host: &HostConfig) -> Result<()> {
    let name = host.runtime.as_str();
    let known = matches!(name, "" | crate::BUILT_IN | "gantry") || engine.live.load().runtimes.contains_key(name);
    if known { Ok(()) } else { Err(Fault::invalid(format!("unknown or invalid runtime name: {name}"))) }
}

/// What is asked for and not there yet is refused, never dropped.
fn check_missing(host: &HostConfig) -> Result<()> {
    if !matches!(host.isolation.as_str(), "" | "default") {
        let isolation = &host.isolation;
        return Err(Fault::invalid(format!("invalid isolation ({isolation}): linux only supports 'default'")));
    }
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let asked = [
        ("--volumes-from", some(&host.volumes_from)),
        ("--link", some(&host.links)),
        ("device requests (--gpus)", host.device_requests.as_ref().is_some_and(|list| !list.is_empty())),
        ("--userns", !matches!(host.userns_mode.as_str(), "" | "host")),
        ("--cgroup", !host.cgroup.is_empty()),
        ("--volume-driver", !matches!(host.volume_driver.as_str(), "" | "local")),
    ];
    if host.storage_opt.as_ref().is_some_and(|options| !options.is_empty()) {
        // Quotas need a file system that has them for projects; the original says the same wherever that lacks.
        let message = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";
        return Err(Fault::invalid(message));
    }
    match asked.iter().find(|(_, asked)| *asked) {
        Some((what, _)) => Err(Fault::not_implemented(format!("{what} is not implemented yet"))),
        None => Ok(()),
    }
}

fn set_network(engine: &Inner, host: &mut HostConfig, networking: &api::network::NetworkingConfig) -> Result<()> {
    check_single(&host.network_mode, networking)?;
    match host.network_mode.as_str() {
        "" | "default" | "bridge" => {
            if engine.networks.find("bridge").is_err() {
                host.network_mode = "none".into();
            } else if host.network_mode.is_empty() {
                host.network_mode = "bridge".into();
            }
        }
        "none" | "host" => {}
        // The original takes any name here and looks for the network at the start. Besides, clients would answer a
        // "not found" by pulling the image.
        _ => {}
    }
    let fixed = networking.endpoints_config.values().flatten().filter_map(|asked| asked.ipam_config.as_ref());
    if fixed.into_iter().any(|config| !config.ipv4_address.is_empty() || !config.ipv6_address.is_empty()) {
        // The original's words: its default bridge does not take fixed addresses either.
        return Err(Fault::invalid("user specified IP address is supported on user defined networks only"));
    }
    Ok(())
}

/// A container has one network, for now.
fn check_single(mode: &str, networking: &api::network::NetworkingConfig) -> Result<()> {
    let is_it = |name: &str| match mode {
        "" | "default" | "bridge" => matches!(name, "default" | "bridge"),
        // Whose name may have become an id by now.
        mode if spec::joined(mode).is_some() => spec::joined(name).is_some(),
        mode => name == mode,
    };
    match networking.endpoints_config.keys().find(|name| !is_it(name)) {
        None => Ok(()),
        Some(more) => {
            let text = format!("connecting a container to {more:?} besides {mode:?} is not implemented yet");
            Err(Fault::not_implemented(text))
        }
    }
}

fn other_warnings(config: &ContainerConfig, host: &HostConfig) -> Vec<String> {
    let mut all = Vec::new();
    if host.network_mode == "host" && host.port_bindings.as_ref().is_some_and(|ports| !ports.is_empty()) {
        all.push("Published ports are discarded when using host network mode".to_owned());
    }
    for path in config.volumes.iter().flatten().map(|(path, _)| path) {
        all.push(format!("volumes are not implemented yet: {path} is part of the container's own layer"));
    }
    all
}
