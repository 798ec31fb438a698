//! Tells everything about one container.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::container::{ContainerInspect, GraphDriver, HealthcheckResult, MountPoint};
use api::network::{EndpointSettings, NetworkSettings};
use api::port::{PortBinding, PortMap, PortSummary};
use container::spec;
use container::state::{Phase, State};
use fault::Result;

use super::list::network_name;
use super::{Stored, etc, join};
use crate::clock::rfc3339;
use crate::inner::Inner;
use crate::request::ContainerLook;

/// Tells everything about one.
pub async fn inspect(engine: &Arc<Inner>, request: ContainerLook) -> Result<ContainerInspect> {
    let view = engine.containers.find(&request.target)?.view();
    let stored = &view.stored;
    let record = &stored.record;
    let (path, args) = match record.command().split_first() {
        Some((path, args)) => ((*path).to_owned(), args.iter().map(|&arg| arg.to_owned()).collect()),
        None => (String::new(), Vec::new()),
    };
    let sizes = request.size.then(|| engine.sizes(record));
    let owner = join::names(engine, record)?;
    let file = |name: &str| etc::files(engine, &owner).into_iter().find(|(path, _)| path.ends_with(name));
    let file = |name: &str| {
        file(name)
            .filter(|_| record.state.started_at.is_some())
            .map_or(String::new(), |(path, _)| path.display().to_string())
    };
    Ok(ContainerInspect {
        id: record.id.to_string(),
        created: rfc3339(Some(record.created_at)),
        path,
        args,
        state: state(&record.state),
        image: record.image_id.to_string(),
        resolv_conf_path: file("resolv.conf"),
        hostname_path: file("hostname"),
        hosts_path: file("hosts"),
        log_path: crate::logging::shown_path(engine, record),
        name: format!("/{}", record.name),
        restart_count: record.state.restart_count.into(),
        driver: crate::STORAGE_DRIVER.into(),
        platform: "linux".into(),
        mount_label: String::new(),
        process_label: String::new(),
        // The original writes it down when the container starts.
        app_armor_profile: record
            .state
            .started_at
            .map(|_| engine.apparmor_profile(&record.host_config))
            .unwrap_or_default(),
        exec_ids: engine.execs.of(record.id.as_str()),
        host_config: record.host_config.clone(),
        graph_driver: graph_driver(engine, stored),
        size_rw: sizes.map(|(rw, _)| rw),
        size_root_fs: sizes.map(|(_, root)| root),
        mounts: mounts(stored),
        config: record.config.clone(),
        network_settings: network_settings(engine, stored),
    })
}

fn state(state: &State) -> api::container::State {
    api::container::State {
        status: state.phase.word().into(),
        running: state.phase.is_alive() || state.phase == Phase::Restarting,
        paused: state.phase == Phase::Paused,
        restarting: state.phase == Phase::Restarting,
        oom_killed: state.oom_killed,
        dead: state.phase == Phase::Dead,
        pid: state.pid,
        exit_code: state.exit_code,
        error: state.error.clone(),
        started_at: rfc3339(state.started_at),
        finished_at: rfc3339(state.finished_at),
        health: state.health.as_ref().map(health),
    }
}

fn health(health: &container::health::Health) -> api::container::Health {
    let log = health.log.iter().map(|probe| HealthcheckResult {
        start: rfc3339(Some(probe.start)),
        end: rfc3339(Some(probe.end)),
        exit_code: probe.exit_code,
        output: probe.output.clone(),
    });
    api::container::Health {
        status: health.status.word().into(),
        failing_streak: health.failing_streak.into(),
        log: Some(log.collect()),
    }
}

fn graph_driver(engine: &Inner, stored: &Stored) -> GraphDriver {
    let Ok(layers) = engine.images.container_layers(&stored.record.id, &stored.record.image_id) else {
        return GraphDriver::default();
    };
    let lower = layers.lower.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(":");
    // Nothing is mounted in the host's namespace: what runs is seen through its first process.
    let pid = stored.state().pid;
    let merged = (pid > 0).then(|| ("MergedDir", format!("/proc/{pid}/root")));
    let data = [
        ("ID", stored.record.id.to_string()),
        ("LowerDir", lower),
        ("UpperDir", layers.upper.display().to_string()),
        ("WorkDir", layers.work.display().to_string()),
    ];
    GraphDriver {
        data: Some(data.into_iter().chain(merged).map(|(name, value)| (name.to_owned(), value)).collect()),
        name: crate::STORAGE_DRIVER.into(),
    }
}

/// The user's mounts.
pub fn mounts(stored: &Stored) -> Vec<MountPoint> {
    let host = &stored.record.host_config;
    let binds = spec::binds(host).unwrap_or_default().into_iter().map(|bind| MountPoint {
        kind: "bind".into(),
        source: bind.source.display().to_string(),
        destination: bind.target.display().to_string(),
        mode: bind.mode,
        rw: bind.writable,
        propagation: bind.propagation,
        ..MountPoint::default()
    });
    let tmpfs = host.mounts.iter().flatten().filter(|mount| mount.kind == "tmpfs").map(|mount| MountPoint {
        kind: "tmpfs".into(),
        destination: mount.target.clone(),
        rw: !mount.read_only,
        ..MountPoint::default()
    });
    binds.chain(tmpfs).collect()
}

/// Ports as `ps` lists them: published ones, then those that are only exposed.
pub fn ports(stored: &Stored) -> Vec<PortSummary> {
    if !stored.state().phase.is_alive() {
        return Vec::new();
    }
    let published = stored.endpoint.iter().flat_map(|endpoint| &endpoint.ports).map(|port| PortSummary {
        ip: port.host_ip.to_string(),
        private_port: port.container_port,
        public_port: port.host_port,
        protocol: port.proto.to_string(),
    });
    let mut all: Vec<PortSummary> = published.collect();
    for (number, protocol) in exposed(stored) {
        if !all.iter().any(|port| port.private_port == number && port.protocol == protocol) {
            all.push(PortSummary { ip: String::new(), private_port: number, public_port: 0, protocol });
        }
    }
    all.sort();
    all
}

fn exposed(stored: &Stored) -> Vec<(u16, String)> {
    let ports = stored.record.config.exposed_ports.iter().flatten();
    ports
        .filter_map(|(port, _)| {
            let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
            Some((number.parse().ok()?, protocol.to_owned()))
        })
        .collect()
}

/// The networks of a container, by name.
pub fn networks(engine: &Inner, stored: &Stored) -> BTreeMap<String, EndpointSettings> {
    if spec::joined(&stored.record.host_config.network_mode).is_some() {
        return BTreeMap::new();
    }
    let name = network_name(stored).to_owned();
    let asked = stored.networking.endpoints_config.get(&name).cloned().flatten().unwrap_or_default();
    let settings = EndpointSettings {
        network_id: engine.networks.find(&name).map(|network| network.id.clone()).unwrap_or_default(),
        ..asked
    };
    let settings = match &stored.endpoint {
        None => settings,
        Some(endpoint) => EndpointSettings {
            network_id: endpoint.network_id.clone(),
            endpoint_id: endpoint.id.clone(),
            gateway: endpoint.gateway.to_string(),
            ip_address: endpoint.ip.to_string(),
            ip_prefix_len: endpoint.prefix_len.into(),
            mac_address: endpoint.mac.to_string(),
            ..settings
        },
    };
    BTreeMap::from([(name, settings)])
}

fn network_settings(engine: &Inner, stored: &Stored) -> NetworkSettings {
    let networks = networks(engine, stored);
    let runs = stored.state().phase.is_alive();
    let own = networks.get("bridge").filter(|_| runs).cloned().unwrap_or_default();
    NetworkSettings {
        sandbox_id: stored.endpoint.as_ref().map(|endpoint| endpoint.id.clone()).unwrap_or_default(),
        sandbox_key: if runs && spec::joined(&stored.record.host_config.network_mode).is_none() {
            format!("/proc/{}/ns/net", stored.state().pid)
        } else {
            String::new()
        },
        ports: if runs { port_map(stored) } else { PortMap::new() },
        endpoint_id: own.endpoint_id,
        gateway: own.gateway,
        ip_address: own.ip_address,
        ip_prefix_len: own.ip_prefix_len,
        mac_address: own.mac_address,
        networks,
        ..NetworkSettings::default()
    }
}

fn port_map(stored: &Stored) -> PortMap {
    let mut map: PortMap =
        exposed(stored).into_iter().map(|(number, protocol)| (format!("{number}/{protocol}"), None)).collect();
    for port in stored.endpoint.iter().flat_map(|endpoint| &endpoint.ports) {
        let binding = PortBinding { host_ip: port.host_ip.to_string(), host_port: port.host_port.to_string() };
        map.entry(format!("{}/{}", port.container_port, port.proto)).or_default().get_or_insert_default().push(binding);
    }
    map
}
