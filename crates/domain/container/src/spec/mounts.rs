//! Mounts: the kernel's file systems, the daemon's files, and what the user binds in.

use std::path::{Component, Path, PathBuf};

use api::container::HostConfig;
use fault::{Fault, Result};
use oci::runtime::{Mount, Root, Spec};

use super::process::INIT_PATH;
use super::{Input, linux_of};

const DEFAULT_SHM: i64 = 64 << 20;

/// A directory or file of the host in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// On the host.
    pub source: PathBuf,
    /// In the container.
    pub target: PathBuf,
    /// Whether it can be written.
    pub writable: bool,
    /// Whether mounts below the source come along.
    pub recursive: bool,
    /// `rprivate` unless another is asked for.
    pub propagation: String,
    /// The options as they were written, for inspection.
    pub mode: String,
    /// Whether a missing source is made as a directory (`-v` does, `--mount` does not).
    pub make_source: bool,
}

pub(super) fn step(input: &Input<'_>, spec: &mut Spec) -> Result<()> {
    let Input { host, facts, .. } = input;
    spec.root = Some(Root { path: "rootfs".into(), readonly: host.readonly_rootfs });
    spec.mounts = kernel_mounts(host)?;
    let access = if host.readonly_rootfs { "ro" } else { "rw" };
    for (source, target) in &facts.etc {
        spec.mounts.push(bind_mount(source, Path::new(target), &["rbind", "rprivate", access]));
    }
    if let Some(init) = &facts.init {
        spec.mounts.push(bind_mount(init, Path::new(INIT_PATH), &["bind", "ro"]));
    }
    let mut wanted = user_mounts(host)?;
    // A mount over `/a/b` must come after the one over `/a`.
    wanted.sort_by_key(|mount| mount.destination.components().count());
    for mount in wanted {
        spec.mounts.retain(|have| have.destination != mount.destination);
        spec.mounts.push(mount);
    }
    linux_of(spec).rootfs_propagation = Some(root_propagation(host)?.to_owned());
    Ok(())
}

/// Checks what needs no facts.
pub(super) fn check(host: &HostConfig) -> Result<()> {
    kernel_mounts(host)?;
    user_mounts(host).map(drop)
}

fn user_mounts(host: &HostConfig) -> Result<Vec<Mount>> {
    let tmpfs = tmpfs_mounts(host)?;
    let mut wanted: Vec<Mount> = binds(host)?.iter().map(user_mount).collect();
    wanted.extend(tmpfs);
    refuse_duplicates(&wanted)?;
    Ok(wanted)
}

fn kernel_mounts(host: &HostConfig) -> Result<Vec<Mount>> {
    let shm = match host.shm_size {
        0 => DEFAULT_SHM,
        size if size < 0 => return Err(Fault::invalid("SHM size can not be less than 0")),
        size => size,
    };
    let access = if host.privileged { "rw" } else { "ro" };
    let shm = format!("size={shm}");
    let table: [(&str, &str, &str, &[&str]); 7] = [
        ("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
        ("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        ("/dev/pts", "devpts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        ("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", access]),
        ("/sys/fs/cgroup", "cgroup", "cgroup", &[access, "nosuid", "noexec", "nodev"]),
        ("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        ("/dev/shm", "tmpfs", "shm", &["nosuid", "noexec", "nodev", "mode=1777", &shm]),
    ];
    let mounts = table.into_iter().map(|(target, kind, source, options)| Mount {
        destination: target.into(),
        kind: Some(kind.into()),
        source: Some(source.into()),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        ..Mount::default()
    });
    Ok(mounts
        .filter(|mount| host.ipc_mode != "none" || mount.destination != Path::new("/dev/shm"))
        .map(|m| shared_ipc(m, host))
        .collect())
}

/// With the host's IPC namespace goes the host's shared memory. A new mount of message queues shows those of the
/// namespace, which the host need not have mounted itself.
fn shared_ipc(mount: Mount, host: &HostConfig) -> Mount {
    let shm = Path::new("/dev/shm");
    if host.ipc_mode == "host" && mount.destination == shm {
        return bind_mount(shm, shm, &["rbind", "rprivate"]);
    }
    mount
}

fn bind_mount(source: &Path, target: &Path, options: &[&str]) -> Mount {
    Mount {
        destination: target.to_owned(),
        kind: Some("bind".into()),
        source: Some(source.to_owned()),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        ..Mount::default()
    }
}

fn user_mount(bind: &Bind) -> Mount {
    let how = if bind.recursive { "rbind" } else { "bind" };
    let access = match (bind.writable, bind.recursive) {
        (true, _) => "rw",
        (false, true) => "rro",
        (false, false) => "ro",
    };
    bind_mount(&bind.source, &bind.target, &[how, access, &bind.propagation])
}

/// The binds of `-v` and of `--mount`. Named volumes are not there yet and are refused.
pub fn binds(host: &HostConfig) -> Result<Vec<Bind>> {
    let mut all = Vec::new();
    for text in host.binds.iter().flatten() {
        all.push(parse_bind(text)?);
    }
    for mount in host.mounts.iter().flatten() {
        match mount.kind.as_str() {
            "bind" => all.push(long_bind(mount)?),
            "tmpfs" => {}
            "volume" | "image" | "cluster" | "npipe" => {
                return Err(Fault::not_implemented(format!("mounts of type {:?} are not implemented yet", mount.kind)));
            }
            other => {
                return Err(Fault::invalid(format!("invalid mount config for type {other:?}: mount type unknown")));
            }
        }
    }
    Ok(all)
}

fn parse_bind(text: &str) -> Result<Bind> {
    let invalid = || Fault::invalid(format!("invalid volume specification: '{text}'"));
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [source, target] => (source, target, ""),
        [source, target, mode] => (source, target, mode),
        _ => return Err(invalid()),
    };
    if source.is_empty() || target.is_empty() {
        return Err(invalid());
    }
    if !source.starts_with('/') {
        return Err(Fault::not_implemented(format!("named volumes are not implemented yet: '{text}'")));
    }
    let target = absolute_target(target).ok_or_else(|| {
        let why = wrong_target(target);
        Fault::invalid(format!("invalid volume specification: '{text}': invalid mount config for type \"bind\": {why}"))
    })?;
    let mut bind = Bind {
        source: clean(source),
        target,
        writable: true,
        recursive: true,
        propagation: "rprivate".into(),
        mode: mode.to_owned(),
        make_source: true,
    };
    for option in mode.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => bind.writable = false,
            "rw" => bind.writable = true,
            "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate" => bind.propagation = option.into(),
            // SELinux labels and copying have no effect on a bind without SELinux.
            "z" | "Z" | "nocopy" | "cached" | "delegated" | "consistent" => {}
            _ => return Err(Fault::invalid(format!("invalid mode: {mode}"))),
        }
    }
    Ok(bind)
}

fn long_bind(mount: &api::container::Mount) -> Result<Bind> {
    let invalid = |why: &str| Fault::invalid(format!("invalid mount config for type \"bind\": {why}"));
    if mount.source.is_empty() {
        return Err(invalid("field Source must not be empty"));
    }
    if !mount.source.starts_with('/') {
        return Err(invalid(&format!("invalid mount path: '{}' mount path must be absolute", mount.source)));
    }
    let target =
        absolute_target(&mount.target).ok_or_else(|| invalid("field Target must not be empty and must be absolute"))?;
    let options = mount.bind_options.clone().unwrap_or_default();
    let propagation = if options.propagation.is_empty() { "rprivate".to_owned() } else { options.propagation };
    if !matches!(propagation.as_str(), "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate") {
        return Err(invalid(&format!("invalid propagation mode: {propagation}")));
    }
    Ok(Bind {
        source: clean(&mount.source),
        target,
        writable: !mount.read_only,
        recursive: !options.non_recursive && !options.read_only_non_recursive,
        propagation,
        mode: String::new(),
        make_source: options.create_mountpoint,
    })
}

/// A mount over the root itself is refused, as is a relative one.
fn absolute_target(path: &str) -> Option<PathBuf> {
    let cleaned = clean(path);
    (path.starts_with('/') && !path.contains('\0') && cleaned != Path::new("/")).then_some(cleaned)
}

/// Why [`absolute_target`] refuses it, in the original's words.
fn wrong_target(path: &str) -> String {
    match path.starts_with('/') && !path.contains('\0') {
        true => "invalid specification: destination can't be '/'".into(),
        false => format!("invalid mount path: '{path}' mount path must be absolute"),
    }
}

/// The path without `.`, `..` and doubled slashes, by its text alone.
fn clean(path: &str) -> PathBuf {
    let mut cleaned = PathBuf::from("/");
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(cleaned.pop()),
            Component::Normal(name) => cleaned.push(name),
            _ => {}
        }
    }
    cleaned
}

fn tmpfs_mounts(host: &HostConfig) -> Result<Vec<Mount>> {
    let mut all = Vec::new();
    for (target, options) in host.tmpfs.iter().flatten() {
        let target = absolute_target(target).ok_or_else(|| Fault::invalid(wrong_target(target)))?;
        let given = options.split(',').filter(|option| !option.is_empty());
        given.clone().try_for_each(check_tmpfs_option)?;
        all.push(tmpfs(target, given.map(str::to_owned).collect()));
    }
    for mount in host.mounts.iter().flatten().filter(|mount| mount.kind == "tmpfs") {
        let target = absolute_target(&mount.target)
            .ok_or_else(|| Fault::invalid("invalid mount config for type \"tmpfs\": field Target must not be empty"))?;
        let given = mount.tmpfs_options.clone().unwrap_or_default();
        let mut options = Vec::new();
        if given.size_bytes > 0 {
            options.push(format!("size={}", given.size_bytes));
        }
        if given.mode > 0 {
            options.push(format!("mode={:o}", given.mode));
        }
        if mount.read_only {
            options.push("ro".into());
        }
        all.push(tmpfs(target, options));
    }
    Ok(all)
}

/// What tmpfs(5) takes, and the flags of mount(8): another would be found out by the kernel, in words of its own.
fn check_tmpfs_option(option: &str) -> Result<()> {
    const VALUES: [&str; 7] = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"];
    // These have an opposite with `no` before it.
    const SWITCHES: [&str; 8] = ["suid", "dev", "exec", "atime", "diratime", "relatime", "strictatime", "mand"];
    const FLAGS: [&str; 6] = ["defaults", "ro", "rw", "sync", "async", "dirsync"];
    const PROPAGATION: [&str; 8] =
        ["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"];
    let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
    let known = match value {
        Some(_) => VALUES.contains(&name),
        None => {
            let positive = name.strip_prefix("no").unwrap_or(name);
            SWITCHES.contains(&positive) || FLAGS.contains(&name) || PROPAGATION.contains(&name)
        }
    };
    if known { Ok(()) } else { Err(Fault::invalid(format!("invalid tmpfs option {name:?}"))) }
}

fn tmpfs(target: PathBuf, given: Vec<String>) -> Mount {
    let mut options: Vec<String> = ["noexec", "nosuid", "nodev"].map(str::to_owned).into();
    for option in given {
        let opposite = match option.strip_prefix("no") {
            Some(rest) => rest.to_owned(),
            None => format!("no{option}"),
        };
        options.retain(|have| *have != opposite && *have != option);
        options.push(option);
    }
    Mount { destination: target, kind: Some("tmpfs".into()), source: Some("tmpfs".into()), options, ..Mount::default() }
}

fn refuse_duplicates(mounts: &[Mount]) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    match mounts.iter().find(|mount| !seen.insert(&mount.destination)) {
        Some(twice) => Err(Fault::invalid(format!("Duplicate mount point: {}", twice.destination.display()))),
        None => Ok(()),
    }
}

/// A shared bind needs a root that passes mounts on.
fn root_propagation(host: &HostConfig) -> Result<&'static str> {
    let all = binds(host)?;
    let asks = |word: &str| all.iter().any(|bind| bind.propagation.ends_with(word));
    Ok(if asks("shared") {
        "shared"
    } else if asks("slave") {
        "rslave"
    } else {
        "rprivate"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(binds: &[&str]) -> HostConfig {
        HostConfig { binds: Some(binds.iter().map(|&bind| bind.to_owned()).collect()), ..HostConfig::default() }
    }

    #[test]
    fn binds_are_read_and_cleaned() {
        let all = binds(&host(&["/a/../b:/x/./y:ro,rslave"])).unwrap();
        assert_eq!(all[0].source, Path::new("/b"));
        assert_eq!(all[0].target, Path::new("/x/y"));
        assert!(!all[0].writable);
        assert_eq!(all[0].propagation, "rslave");
        assert_eq!(root_propagation(&host(&["/a:/b:shared"])).unwrap(), "shared");
    }

    #[test]
    fn bad_binds_are_refused() {
        for bad in ["/a", "/a:", ":/b", "/a:b", "/a:/", "/a:/../..", "/a:/b:weird", "/a:/b:ro:x", "/a:/b\0c"] {
            assert!(binds(&host(&[bad])).is_err(), "{bad:?}");
        }
        assert_eq!(binds(&host(&["name:/b"])).unwrap_err().kind(), fault::Kind::NotImplemented);
    }

    #[test]
    fn options_of_a_tmpfs_replace_the_defaults_they_contradict() {
        let mount = tmpfs("/t".into(), vec!["exec".into(), "size=1m".into()]);
        assert_eq!(mount.options, ["nosuid", "nodev", "exec", "size=1m"]);
    }
}
