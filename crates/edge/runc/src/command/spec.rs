//! `spec`: writes a specification to begin with.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{Command, ONE};
use crate::bundle::CONFIG;
use crate::error::{Error, Step as _};
use crate::flag::switch;
use crate::global::Global;
use crate::launch::BUNDLE;
use crate::parse::Parsed;

pub const COMMAND: Command = Command {
    name: "spec",
    about: "write a specification to begin with",
    usage: "[command options]",
    flags: &[BUNDLE, switch("rootless", "one that an ordinary user can run")],
    arguments: (0, 0),
    run: spec,
    ..ONE
};

fn spec(_: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let file = Path::new(parsed.value("bundle").unwrap_or(".")).join(CONFIG);
    if file.exists() {
        return Err(Error::new(format!("File {CONFIG} exists. Remove it first")));
    }
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let spec = if parsed.switch("rootless") { rootless(uid, gid) } else { usual() };
    let step = format!("write `{}`", file.display());
    let text = pretty(&spec).step(&step)?;
    File::options().write(true).create_new(true).open(&file).and_then(|mut file| file.write_all(&text)).step(step)?;
    Ok(0)
}

/// Indented by tabs, as runc's.
fn pretty(value: &Value) -> serde_json::Result<Vec<u8>> {
    use serde::Serialize as _;
    let mut text = Vec::new();
    let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, tabs))?;
    Ok(text)
}

fn usual() -> Value {
    let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
    let mount = |target: &str, kind: &str, source: &str, options: &[&str]| {
        let mut mount = json!({ "destination": target, "type": kind, "source": source });
        if !options.is_empty() {
            mount["options"] = json!(options);
        }
        mount
    };
    let namespaces = ["pid", "network", "ipc", "uts", "mount", "cgroup"].map(|kind| json!({ "type": kind }));
    json!({
        "ociVersion": oci::state::VERSION,
        "process": {
            "terminal": true,
            "user": { "uid": 0, "gid": 0 },
            "args": ["sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": { "bounding": capabilities, "effective": capabilities, "permitted": capabilities },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
            "noNewPrivileges": true,
        },
        "root": { "path": "rootfs", "readonly": true },
        "hostname": "gantry",
        "mounts": [
            mount("/proc", "proc", "proc", &[]),
            mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount("/dev/pts", "devpts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            mount("/dev/shm", "tmpfs", "shm", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
            mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]),
        ],
        "linux": {
            "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            "namespaces": namespaces,
            "maskedPaths": [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
            ],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    })
}

/// What an ordinary user cannot do is taken out: no network of its own, no limits, the host's sysfs, one id.
fn rootless(uid: u32, gid: u32) -> Value {
    let mut spec = usual();
    let one = |id: u32| json!([{ "containerID": 0, "hostID": id, "size": 1 }]);
    let namespaces = ["pid", "ipc", "uts", "mount", "cgroup", "user"].map(|kind| json!({ "type": kind }));
    spec["linux"]["namespaces"] = json!(namespaces);
    spec["linux"]["uidMappings"] = one(uid);
    spec["linux"]["gidMappings"] = one(gid);
    if let Some(linux) = spec["linux"].as_object_mut() {
        linux.remove("resources");
    }
    for mount in spec["mounts"].as_array_mut().into_iter().flatten() {
        if let Some(options) = mount.get_mut("options").and_then(Value::as_array_mut) {
            options.retain(|option| option != "gid=5");
        }
        if mount["destination"] == "/sys" {
            *mount = json!({ "destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind", "nosuid", "noexec", "nodev", "ro"] });
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use oci::runtime::Spec;

    use super::*;

    #[test]
    fn both_are_specifications() {
        let usual: Spec = serde_json::from_value(usual()).unwrap();
        assert_eq!(usual.linux.unwrap().namespaces.len(), 6);
        let own: Spec = serde_json::from_value(rootless(1000, 100)).unwrap();
        let linux = own.linux.unwrap();
        assert_eq!((linux.uid_mappings[0].host_id, linux.gid_mappings[0].host_id), (1000, 100));
        assert!(
            linux.resources.is_none() && own.mounts.iter().all(|mount| !mount.options.contains(&"gid=5".to_owned()))
        );
    }
}
