//! Namespaces of running containers, and those that one shares with another: `--network container:…`, `--pid container:…`.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use api::container::{ContainerConfig, HostConfig};
use container::record::Record;
use container::spec::joined;
use fault::{Fault, Kind, Result, Step};
use rustix::fs::OFlags;

use super::process::Process;
use super::{Handle, groups};
use crate::inner::Inner;

/// Refuses what makes no sense for a container that has another's network; `config` is what the user asked for, without
/// what its image adds.
pub fn check_network(engine: &Inner, config: &ContainerConfig, host: &mut HostConfig) -> Result<()> {
    let Some(other) = joined(&host.network_mode) else { return Ok(()) };
    if other.is_empty() {
        return Err(Fault::invalid("invalid network mode: invalid container format container:<name|id>"));
    }
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let publishes = host.publish_all_ports || host.port_bindings.as_ref().is_some_and(|ports| !ports.is_empty());
    let conflicts = [
        (!config.hostname.is_empty(), "hostname and the network mode"),
        (some(&host.links), "container type network can't be used with links. This would result in undefined behavior"),
        (some(&host.dns), "dns and the network mode"),
        (some(&host.extra_hosts), "custom host-to-IP mapping and the network mode"),
        (!config.mac_address.is_empty(), "mac-address and the network mode"),
        (publishes, "port publishing and the container type network mode"),
        (
            config.exposed_ports.as_ref().is_some_and(|ports| !ports.is_empty()),
            "port exposing and the container type network mode",
        ),
    ];
    if let Some((_, what)) = conflicts.iter().find(|(conflicts, _)| *conflicts) {
        return Err(Fault::invalid(format!("conflicting options: {what}")));
    }
    // A name that is somebody else's tomorrow means today's container. What is not there yet is looked for at the start.
    if let Ok(handle) = engine.containers.find(other) {
        host.network_mode = format!("container:{}", handle.view().stored.record.id);
    }
    Ok(())
}

/// Refuses the processes of a container that is not there. Like its network, they are those of today's container.
pub fn check_pids(engine: &Inner, host: &mut HostConfig) -> Result<()> {
    let Some(other) = joined(&host.pid_mode) else { return Ok(()) };
    if other.is_empty() {
        return Err(Fault::invalid(format!("invalid PID mode: {}", host.pid_mode)));
    }
    // Not `NotFound`, at which clients pull the image.
    let missing = |fault: Fault| Fault::invalid(fault.message());
    let id = engine.containers.find(other).map_err(missing)?.view().stored.record.id.clone();
    host.pid_mode = format!("container:{id}");
    Ok(())
}

/// The container that a mode names, which must run.
fn running(engine: &Inner, mode: &str, kind: &str) -> Result<Option<Handle>> {
    let Some(other) = joined(mode) else { return Ok(None) };
    let handle = engine
        .containers
        .find(other)
        .map_err(|fault| fault.at(format_args!("joining {kind} namespace of container")))?;
    let view = handle.view();
    let record = &view.stored.record;
    if record.state.phase.is_alive() {
        return Ok(Some(handle));
    }
    let (name, phase) = (&record.name, record.state.phase.word());
    Err(Fault::conflict(format!(
        "cannot join {kind} namespace of a non running container: container {name} is {phase}"
    )))
}

fn init(engine: &Inner, handle: &Handle) -> Result<(Process, i32)> {
    let init = groups::state(engine, &handle.view().stored.record.id)?.init;
    Ok((Process::open(init)?, init.pid))
}

/// The mount namespace of a container that runs.
pub fn mounts(engine: &Inner, record: &Record) -> Result<OwnedFd> {
    let process = Process::open(groups::state(engine, &record.id)?.init)?;
    process.file("ns/mnt", OFlags::RDONLY).step("open the container's mount namespace")
}

/// The network namespace to join, and the container whose it is.
pub fn network(engine: &Inner, record: &Record) -> Result<Option<(OwnedFd, Handle)>> {
    let Some(handle) = running(engine, &record.host_config.network_mode, "network")? else { return Ok(None) };
    let (process, _) = init(engine, &handle)?;
    let namespace = process.file("ns/net", OFlags::RDONLY).step("open the other container's network namespace")?;
    Ok(Some((namespace, handle)))
}

/// The PID namespace to join, by its path.
pub fn pids(engine: &Inner, record: &Record) -> Result<Option<PathBuf>> {
    let Some(handle) = running(engine, &record.host_config.pid_mode, "PID")? else { return Ok(None) };
    let (_, pid) = init(engine, &handle)?;
    Ok(Some(format!("/proc/{pid}/ns/pid").into()))
}

/// The container whose name files a container uses: its own, or those of the one whose network it has.
pub fn names(engine: &Inner, record: &Record) -> Result<names::ContainerId> {
    match joined(&record.host_config.network_mode) {
        None => Ok(record.id.clone()),
        Some(other) => match engine.containers.find(other) {
            Ok(handle) => Ok(handle.view().stored.record.id.clone()),
            Err(fault) if fault.kind() == Kind::NotFound => Ok(record.id.clone()),
            Err(fault) => Err(fault),
        },
    }
}
