//! Namespaces, masked and read-only paths, kernel parameters, the system call filter.

use std::path::PathBuf;

use api::container::HostConfig;
use fault::{Fault, Result};
use oci::runtime::{Namespace, Spec};

use super::{Input, linux_of};

/// Paths that read as empty: Docker's documented default.
pub const MASKED: [&str; 12] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
];

/// Paths that cannot be written.
pub const READONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

pub(super) fn step(input: &Input<'_>, spec: &mut Spec) -> Result<()> {
    let host = input.host;
    let linux = linux_of(spec);
    linux.namespaces = namespaces(host)?;
    for namespace in linux.namespaces.iter_mut().filter(|namespace| namespace.kind == "pid") {
        namespace.path.clone_from(&input.facts.pid_namespace);
    }
    linux.cgroups_path = Some(input.facts.cgroup.clone());
    linux.seccomp.clone_from(&input.facts.seccomp);
    linux.sysctl = sysctls(host)?;
    if !host.privileged {
        linux.masked_paths = paths(host.masked_paths.as_deref(), &MASKED);
        linux.readonly_paths = paths(host.readonly_paths.as_deref(), &READONLY);
    }
    Ok(())
}

/// Checks what needs no facts.
pub(super) fn check(host: &HostConfig) -> Result<()> {
    namespaces(host)?;
    sysctls(host).map(drop)
}

/// The container that a mode names as the one whose namespace is joined.
pub fn joined(mode: &str) -> Option<&str> {
    mode.strip_prefix("container:")
}

fn paths(given: Option<&[String]>, default: &[&str]) -> Vec<PathBuf> {
    match given {
        Some(paths) => paths.iter().map(PathBuf::from).collect(),
        None => default.iter().map(PathBuf::from).collect(),
    }
}

fn namespaces(host: &HostConfig) -> Result<Vec<Namespace>> {
    let mut kinds = vec!["mount"];
    let network = host.network_mode.as_str();
    if network != "host" {
        kinds.push("network");
    }
    if own(&host.uts_mode, "uts")? {
        kinds.push("uts");
    }
    if joined(&host.pid_mode).is_some() || own(&host.pid_mode, "pid")? {
        kinds.push("pid");
    }
    if own_ipc(&host.ipc_mode)? {
        kinds.push("ipc");
    }
    match host.cgroupns_mode.as_str() {
        "host" => {}
        "" | "private" => kinds.push("cgroup"),
        other => return Err(Fault::invalid(format!("invalid cgroup namespace mode: {other}"))),
    }
    Ok(kinds.into_iter().map(|kind| Namespace { kind: kind.into(), path: None }).collect())
}

fn own(mode: &str, kind: &str) -> Result<bool> {
    match mode {
        "" | "private" => Ok(true),
        "host" => Ok(false),
        other if other.starts_with("container:") => {
            Err(Fault::not_implemented(format!("{kind} mode {other:?} is not implemented yet")))
        }
        other => Err(Fault::invalid(format!("invalid {} mode: {other}", kind.to_uppercase()))),
    }
}

fn own_ipc(mode: &str) -> Result<bool> {
    match mode {
        "shareable" | "none" => Ok(true),
        other => own(other, "ipc"),
    }
}

/// The original lets unprivileged programs ping and bind low ports in a container's own network namespace.
fn sysctls(host: &HostConfig) -> Result<std::collections::BTreeMap<String, String>> {
    let mut all = std::collections::BTreeMap::new();
    // What another container's network has is that one's to say.
    if host.network_mode != "host" && joined(&host.network_mode).is_none() {
        all.insert("net.ipv4.ip_unprivileged_port_start".to_owned(), "0".to_owned());
        all.insert("net.ipv4.ping_group_range".to_owned(), "0 2147483647".to_owned());
    }
    for (name, value) in host.sysctls.iter().flatten() {
        check_sysctl(name, value, host)?;
        all.insert(name.clone(), value.clone());
    }
    Ok(all)
}

/// Only what a namespace of the container holds may be set; one setting never carries another (CVE-2022-0811).
fn check_sysctl(name: &str, value: &str, host: &HostConfig) -> Result<()> {
    const IPC: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'));
    if !plain || name.contains("..") || value.contains(['\n', '\0']) {
        return Err(Fault::invalid(format!("invalid sysctl {name:?}: {value:?}")));
    }
    let ipc = IPC.contains(&name) || name.starts_with("fs.mqueue.");
    let net = name.starts_with("net.");
    let refused = (ipc && host.ipc_mode == "host") || (net && host.network_mode == "host") || !(ipc || net);
    if refused {
        return Err(Fault::invalid(format!(
            "sysctl '{name}' is not allowed in this container: it is not part of its namespaces"
        )));
    }
    Ok(())
}
