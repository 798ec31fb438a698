//! OCI runtimes alone: a container from create to delete, and a process in one that runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::peer::Peer;
use crate::samples::Samples;
use crate::shell::{command, output};
use crate::stand::Stand;
use crate::table::{Bar, Table};

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let peers = Peer::all(stand)?;
    let mut runs = Table::new("OCI runtimes: `run` of `true` (ms)", titles(&peers));
    for (name, config, times) in [("plain", plain(stand), 1.0 / 0.6), ("Docker's", docker_like(stand)?, 2.0)] {
        let bundles = bundles(&peers, name, &config)?;
        let mut figures = vec![(Samples::default(), Samples::default(), Samples::default()); peers.len()];
        for round in 0..=stand.rounds(20) {
            for (place, peer) in peers.iter().enumerate() {
                let id = format!("bench-{round}");
                let run = peer.run(&["run", "--bundle", &bundles[place], &id])?;
                if round > 0 {
                    figures[place].0.push(run.wall);
                    figures[place].1.push(run.cpu);
                    figures[place].2.push(run.peak);
                }
            }
        }
        let column =
            |pick: fn(&(Samples, Samples, Samples)) -> &Samples| figures.iter().map(|all| pick(all).clone()).collect();
        runs.row_with_bar(format!("{name} configuration"), column(|all| &all.0), Bar::Times(times));
        runs.row_with_bar("processor time", column(|all| &all.1), Bar::Times(times));
        runs.row_with_bar("largest process (KiB)", column(|all| &all.2), Bar::Times(1.0 / 0.7));
        let calls =
            peers.iter().zip(&bundles).map(|(peer, bundle)| peer.calls(&["run", "--bundle", bundle, "counted"]));
        let calls: Vec<_> = calls.collect::<Result<_>>()?;
        runs.add(
            "system calls",
            calls.into_iter().map(|count| count.map(Samples::from)).collect(),
            Some(Bar::Times(1.0)),
        );
    }
    Ok(vec![runs, floor(stand)?, exec(stand, &peers)?])
}

/// A process in a container that runs.
fn exec(stand: &Stand, peers: &[Peer]) -> Result<Table> {
    let mut table = Table::new("OCI runtimes: `exec` of `true` (ms)", titles(peers));
    let mut config = docker_like(stand)?;
    config["process"]["args"] = json!(["/bin/sleep", "1000"]);
    let bundles = bundles(peers, "sleeping", &config)?;
    for (peer, bundle) in peers.iter().zip(&bundles) {
        peer.detach(&["run", "--detach", "--bundle", bundle, "sleeping"])?;
    }
    let mut figures = vec![(Samples::default(), Samples::default()); peers.len()];
    let mut measured = Ok(());
    for round in 0..=stand.rounds(20) {
        for (place, peer) in peers.iter().enumerate() {
            match peer.run(&["exec", "sleeping", "/bin/true"]) {
                Ok(run) if round > 0 => {
                    figures[place].0.push(run.wall);
                    figures[place].1.push(run.cpu);
                }
                Ok(_) => {}
                Err(error) => measured = Err(error),
            }
        }
    }
    for peer in peers {
        peer.ask(&["delete", "--force", "sleeping"])?;
    }
    measured?;
    let (wall, cpu) = figures.into_iter().unzip();
    table.row_with_bar("Docker's configuration", wall, Bar::Times(2.0));
    table.row("processor time", cpu);
    Ok(table)
}

/// The same namespaces, mounts and control groups by a program that does nothing else.
fn floor(stand: &Stand) -> Result<Table> {
    let folder = stand.scratch.path().join("oci-floor");
    fs::create_dir_all(&folder)?;
    let mut line = command(["unshare", "--mount", "--propagation", "private"]);
    line.arg(stand.scratch.floor()).arg(stand.scratch.rootfs()).arg(&folder);
    let text = output(line.arg(stand.rounds(50).to_string()).args(["net", "groups"]))?;
    let times = text.lines().map(|line| Ok(line.parse::<f64>()? / 1e3)).collect::<Result<Samples>>();
    let mut table = Table::new("OCI runtimes: the kernel's share (ms)", ["C program"]);
    table.row("namespaces, mounts, control groups, exec, exit", vec![times.context("read the times")?]);
    Ok(table)
}

fn titles(peers: &[Peer]) -> impl Iterator<Item = &str> {
    peers.iter().map(|peer| peer.title.as_str())
}

fn bundles(peers: &[Peer], name: &str, config: &Value) -> Result<Vec<String>> {
    peers.iter().map(|peer| Ok(peer.bundle(name, config)?.display().to_string())).collect()
}

/// What `runc spec` writes, without a terminal and without a mount of the control groups, which hosts differ in.
fn plain(stand: &Stand) -> Value {
    let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
    let mount = |target: &str, kind: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": kind, "options": options });
    let namespaces = ["pid", "network", "ipc", "uts", "mount"].map(|kind| json!({ "type": kind }));
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": { "uid": 0, "gid": 0 }, "cwd": "/", "args": ["/bin/true"],
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "capabilities": { "bounding": capabilities, "effective": capabilities, "permitted": capabilities },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
            "noNewPrivileges": true,
        },
        "root": { "path": stand.scratch.rootfs(), "readonly": false },
        "hostname": "bench",
        "mounts": [
            mount("/proc", "proc", &[]),
            mount("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount("/dev/pts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            mount("/dev/shm", "tmpfs", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
            mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
        ],
        "linux": {
            "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            "namespaces": namespaces,
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    })
}

/// What docker.io gives to its runtime for a container without any option, less what belongs to its own network and state.
fn docker_like(stand: &Stand) -> Result<Value> {
    let id = stand.docker.ask(&["run", "--detach", "--network", "none", "busybox", "sleep", "1000"])?;
    let file = find_config(&stand.scratch.path().join("docker/exec"), id.trim());
    let text = file.context("find docker.io's bundle").and_then(|file| Ok(fs::read_to_string(file)?));
    stand.docker.ask(&["rm", "--force", id.trim()])?;
    let mut config: Value = serde_json::from_str(&text?).context("read docker.io's configuration")?;
    let scratch = stand.scratch.path().display().to_string();
    config["root"] = json!({ "path": stand.scratch.rootfs(), "readonly": false });
    config["process"]["args"] = json!(["/bin/true"]);
    remove(&mut config, "", "hooks");
    remove(&mut config, "/process", "apparmorProfile");
    remove(&mut config, "/process", "oomScoreAdj");
    remove(&mut config, "/linux/resources", "blockIO");
    if let Some(mounts) = config["mounts"].as_array_mut() {
        mounts.retain(|mount| {
            let source = mount["source"].as_str().unwrap_or_default();
            !source.starts_with(&scratch) && mount["destination"] != "/sys/fs/cgroup"
        });
    }
    let kinds = config["linux"]["namespaces"].as_array().into_iter().flatten();
    let kinds: Vec<Value> = kinds.map(|namespace| json!({ "type": namespace["type"] })).collect();
    config["linux"]["namespaces"] = kinds.into();
    Ok(config)
}

fn remove(config: &mut Value, place: &str, name: &str) {
    if let Some(object) = config.pointer_mut(place).and_then(Value::as_object_mut) {
        object.remove(name);
    }
}

/// The configuration in the bundle of this container, somewhere below `folder`.
fn find_config(folder: &Path, id: &str) -> Option<PathBuf> {
    let entries =
        fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let own = folders.iter().find(|path| path.ends_with(id)).map(|path| path.join("config.json"));
    own.filter(|file| file.exists()).or_else(|| folders.iter().find_map(|path| find_config(path, id)))
}
