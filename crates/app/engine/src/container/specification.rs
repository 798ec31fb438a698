//! Gathers what a container's specification needs from outside its record, and builds it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use api::container::{DeviceMapping, HostConfig};
use container::record::Record;
use container::security::{SeccompChoice, Security};
use container::spec::{self, Facts};
use fault::{Fault, Result, Step};
use image::Layers;
use oci::runtime::{Device, Seccomp, Spec};

use super::{account, etc, join, volumes};
use crate::inner::Inner;

/// Builds the specification of a run.
pub fn build(engine: &Inner, record: &Record, layers: &Layers) -> Result<Spec> {
    let record = &Record { host_config: engine.settings.defaults.fill(&record.host_config), ..record.clone() };
    let host = &record.host_config;
    for bind in spec::binds(host)? {
        check_source(&bind)?;
    }
    let extra = host.group_add.as_deref().unwrap_or_default();
    let facts = Facts {
        user: account::find(layers, &record.config.user, extra)?,
        cgroup: cgroup(engine, record),
        etc: etc::files(engine, &join::names(engine, record)?),
        block_devices: block_devices(host)?,
        pid_namespace: join::pids(engine, record)?,
        seccomp: seccomp(host)?,
        apparmor: engine.apparmor.map(str::to_owned),
        init: host.init.unwrap_or(false).then(|| super::start::init_program(engine)),
        host_devices: devices(host)?,
        cgroup_v2: cgroup_v2(),
    };
    let mut spec = spec::build(record, &facts)?;
    volumes::add(engine, record, layers, &mut spec)?;
    Ok(spec)
}

/// Whether this host has the unified hierarchy alone.
pub fn cgroup_v2() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

fn cgroup(engine: &Inner, record: &Record) -> String {
    let own = record.host_config.cgroup_parent.as_str();
    let parent = if own.is_empty() { engine.settings.cgroup_parent.as_str() } else { own };
    format!("/{}/{}", parent.trim_matches('/'), record.id)
}

/// `-v` makes a missing source, `--mount` refuses it.
pub fn check_source(bind: &spec::Bind) -> Result<()> {
    if fs::symlink_metadata(&bind.source).is_ok() {
        return Ok(());
    }
    if bind.make_source {
        return fs::create_dir_all(&bind.source)
            .step(format_args!("error while creating mount source path '{}'", bind.source.display()));
    }
    Err(Fault::invalid(format!(
        "invalid mount config for type \"bind\": bind source path does not exist: {}",
        bind.source.display()
    )))
}

/// The numbers of the block devices that limits name.
pub fn block_devices(host: &HostConfig) -> Result<BTreeMap<String, (i64, i64)>> {
    let number = |path: &str| {
        let refuse = |why: &str| Fault::invalid(format!("invalid block device {path:?}: {why}"));
        let found = fs::metadata(path).map_err(|_| refuse("it does not exist"))?;
        if !found.file_type().is_block_device() {
            return Err(refuse("not a block device"));
        }
        let (major, minor) = (rustix::fs::major(found.rdev()), rustix::fs::minor(found.rdev()));
        Ok((path.to_owned(), (major.into(), minor.into())))
    };
    spec::block_devices(host).map(number).collect()
}

/// The system call filter of the options.
pub fn seccomp(host: &HostConfig) -> Result<Option<Seccomp>> {
    let capabilities = effective_capabilities(host)?;
    match Security::parse(host)?.seccomp {
        SeccompChoice::Unconfined => Ok(None),
        SeccompChoice::Default => Ok(Some(seccomp::default_profile(&capabilities, kernel()?))),
        SeccompChoice::Profile(json) => {
            let refused =
                |error: &dyn std::fmt::Display| Fault::invalid(format!("opening seccomp profile failed: {error}"));
            let profile = seccomp::profile::parse(json.as_bytes()).map_err(|error| refused(&error))?;
            profile.resolve(&capabilities, kernel()?).map_err(|error| refused(&error))
        }
    }
}

fn kernel() -> Result<seccomp::KernelVersion> {
    seccomp::KernelVersion::from_release(&rustix::system::uname().release().to_string_lossy())
        .step("read the kernel's version")
}

/// The capabilities that the options add up to.
pub fn effective_capabilities(host: &HostConfig) -> Result<Vec<String>> {
    let list =
        |names: &Option<api::container::StringOrList>| names.as_ref().map_or_else(Vec::new, |names| names.0.clone());
    container::capabilities::effective(&list(&host.cap_add), &list(&host.cap_drop), host.privileged)
}

/// The devices a container gets: those it names, or all of the host's for a privileged one.
fn devices(host: &HostConfig) -> Result<Vec<Device>> {
    if host.privileged {
        return Ok(all_devices(Path::new("/dev")));
    }
    host.devices.iter().flatten().map(mapped).collect()
}

fn mapped(mapping: &DeviceMapping) -> Result<Device> {
    let refuse = |why: &str| {
        Fault::invalid(format!(
            "error gathering device information while adding custom device {:?}: {why}",
            mapping.path_on_host
        ))
    };
    let inside = if mapping.path_in_container.is_empty() { &mapping.path_on_host } else { &mapping.path_in_container };
    let path = fs::canonicalize(&mapping.path_on_host).map_err(|_| refuse("no such file or directory"))?;
    node(&path, PathBuf::from(inside)).ok_or_else(|| refuse("not a device node"))
}

fn node(path: &Path, inside: PathBuf) -> Option<Device> {
    let found = fs::metadata(path).ok()?;
    let kind = found.file_type();
    if !kind.is_block_device() && !kind.is_char_device() {
        return None;
    }
    let (major, minor) = (rustix::fs::major(found.rdev()), rustix::fs::minor(found.rdev()));
    Some(spec::device_node(inside, kind.is_block_device(), major, minor, found.mode(), found.uid(), found.gid()))
}

/// Every node below `folder`; terminals, message queues and shared memory are the container's own.
fn all_devices(folder: &Path) -> Vec<Device> {
    const OWN: [&str; 6] = ["pts", "shm", "fd", "mqueue", "console", "ptmx"];
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let own = folder == Path::new("/dev") && entry.file_name().to_str().is_some_and(|name| OWN.contains(&name));
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !own => all.extend(all_devices(&path)),
            Ok(kind) if (kind.is_block_device() || kind.is_char_device()) && !own => {
                all.extend(node(&path, path.clone()))
            }
            _ => {}
        }
    }
    all
}
