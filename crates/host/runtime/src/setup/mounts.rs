//! The mounts of the specification, in its order.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use cgroup::{Hierarchy, Version};
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use sys::clone::flag;
use sys::mount::{Attributes, attr, set_attributes};
use sys::path::{self, Kind};

use super::copy_up::copy_up;
use super::tree;
use crate::error::{Step, cause};
use crate::plan::{MountPlan, What};
use crate::process::init::Init;
use crate::{Error, ErrorKind};

/// Files below `/proc` that others may be mounted over (lxcfs and its like); the same list as runc's.
const PROC_FILES: [&str; 9] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
];

/// Mounts everything.
pub(crate) fn mount_all(init: &mut Init<'_>) -> Result<(), Error> {
    let plan = init.plan;
    for mount in &plan.mounts {
        one(init, mount).map_err(|error| in_context(mount, &error))?;
    }
    Ok(())
}

/// As runc says it: `error mounting "SOURCE" to rootfs at "TARGET": CAUSE`.
pub(crate) fn in_context(mount: &MountPlan<'_>, error: &Error) -> Error {
    let source = match &mount.what {
        What::Bind(source) => source.display().to_string(),
        What::FileSystem(kind, _) => (*kind).to_owned(),
        What::Cgroup => "cgroup".to_owned(),
    };
    let target = mount.target.display();
    Error::new(error.kind(), format!("error mounting {source:?} to rootfs at \"{target}\": {error}"))
}

fn one(init: &mut Init<'_>, mount: &MountPlan<'_>) -> Result<(), Error> {
    match &mount.what {
        What::Bind(source) => bind(init, mount, source),
        What::FileSystem(kind, source) => file_system(init, mount, kind, source),
        What::Cgroup => cgroups(init, mount),
    }
}

/// Copies the mount that `source` is on.
pub(crate) fn clone_source(source: &Path, recursive: bool) -> Result<OwnedFd, Error> {
    tree::copy(source, recursive).map_err(|error| {
        let kind = if error == Errno::NOENT { ErrorKind::Invalid } else { ErrorKind::System };
        Error::new(kind, format!("open `{}`: {}", source.display(), cause(error)))
    })
}

fn bind(init: &mut Init<'_>, mount: &MountPlan<'_>, source: &Path) -> Result<(), Error> {
    let made;
    let tree = match &mount.prepared {
        Some(prepared) => prepared,
        None => {
            made = clone_source(source, mount.options.recursive_bind)?;
            &made
        }
    };
    let kind = match FileType::from_raw_mode(fs::fstat(tree).step("stat source")?.st_mode) {
        FileType::Directory => Kind::Directory,
        _ => Kind::File,
    };
    let target = path::ensure(init.root(), &mount.target, kind).step("create mount point")?;
    refuse_proc(init, mount, &target)?;
    tree::apply(tree, &mount.options).step("set attributes")?;
    finish(mount, tree, &target)
}

fn file_system(init: &mut Init<'_>, mount: &MountPlan<'_>, kind: &str, source: &Path) -> Result<(), Error> {
    let source = (!source.as_os_str().is_empty()).then_some(source);
    let tree = tree::new_file_system(kind, source, &mount.options.data, mount.options.set)?;
    let target = if matches!(kind, "proc" | "sysfs") {
        ordinary_directory(init, &mount.target)?
    } else {
        path::ensure(init.root(), &mount.target, Kind::Directory).step("create mount point")?
    };
    if kind != "proc" || mount.target != Path::new("/proc") {
        refuse_proc(init, mount, &target)?;
    }
    if mount.options.copy_up {
        copy_up(target.as_fd(), tree.as_fd()).step("copy up")?;
    } else if kind == "tmpfs" && !mount.options.data.iter().any(|(key, _)| key == "mode") {
        // As runc has it: a mode that nobody asked for is that of the directory below, as of an image's `/tmp`.
        let mode = fs::fstat(&target).step("stat mount point")?.st_mode;
        fs::chmodat(&tree, c".", Mode::from_raw_mode(mode), AtFlags::empty()).step("change mode")?;
    }
    finish(mount, &tree, &target)?;
    if kind == "proc" && init.procfs.is_none() {
        // Stays the real one whatever is mounted over it later.
        init.procfs = Some(tree);
    }
    Ok(())
}

fn finish(mount: &MountPlan<'_>, tree: &OwnedFd, target: &OwnedFd) -> Result<(), Error> {
    let is_directory =
        |fd: &OwnedFd| fs::fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
    match tree::attach(tree, target.as_fd()) {
        // The kernel's word for this is `invalid argument`, which tells nobody anything.
        Err(Errno::INVAL) if is_directory(tree) != is_directory(target) => {
            return Err(Error::invalid("not a directory"));
        }
        result => result.step("attach")?,
    }
    match mount.options.propagation {
        Some(flags) => tree::propagate(tree.as_fd(), flags).step("set propagation"),
        None => Ok(()),
    }
}

/// `/proc` and `/sys` of an image may be links that lead labels and sysctls elsewhere (CVE-2019-19921).
fn ordinary_directory(init: &Init<'_>, target: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let opened = match path::open_plain(init.root(), target, flags) {
        Err(Errno::NOENT) => {
            path::ensure(init.root(), target, Kind::Directory).step("create mount point")?;
            path::open_plain(init.root(), target, flags)
        }
        opened => opened,
    };
    opened.map_err(|error| Error::invalid(format!("must be mounted on an ordinary directory: {}", cause(error))))
}

/// Nothing may hide parts of procfs from the steps that write and mask it (CVE-2019-16884, CVE-2025-52881).
fn refuse_proc(init: &Init<'_>, mount: &MountPlan<'_>, target: &OwnedFd) -> Result<(), Error> {
    if fs::fstatfs(target).step("stat mount point")?.f_type != fs::PROC_SUPER_MAGIC {
        // The directory `/proc` of the image itself: with no procfs on it yet, this would become the container's.
        return if mount.target.starts_with("/proc") && init.procfs.is_none() {
            Err(Error::invalid("is inside /proc before procfs is mounted there"))
        } else {
            Ok(())
        };
    }
    let allowed = PROC_FILES.iter().any(|file| mount.target == Path::new(file));
    if allowed && path::open_plain(init.root(), &mount.target, OFlags::PATH).is_ok() {
        return Ok(());
    }
    Err(Error::invalid("cannot be mounted because it is inside /proc"))
}

fn cgroups(init: &mut Init<'_>, mount: &MountPlan<'_>) -> Result<(), Error> {
    let target = path::ensure(init.root(), &mount.target, Kind::Directory).step("create mount point")?;
    refuse_proc(init, mount, &target)?;
    let hierarchies = init.cgroup.hierarchies();
    if let [unified] = hierarchies
        && unified.version == Version::V2
    {
        let tree = hierarchy(init, unified, &init.cgroup.paths()[0], mount.options.set)?;
        return finish(mount, &tree, &target);
    }
    let data = [("mode".to_owned(), Some("755".to_owned()))];
    let writable = mount.options.set & !attr::RDONLY;
    let top = tree::new_file_system("tmpfs", Some(Path::new("tmpfs")), &data, writable)?;
    finish(mount, &top, &target)?;
    for (hierarchy, own) in hierarchies.iter().zip(init.cgroup.paths()) {
        if hierarchy.version == Version::V1 {
            mount_below(init, mount, &top, hierarchy, own)?;
        }
    }
    set_attributes(top.as_fd(), false, &Attributes::new(mount.options.set, 0, 0)).step("set attributes")
}

fn mount_below(
    init: &Init<'_>,
    mount: &MountPlan<'_>,
    top: &OwnedFd,
    found: &Hierarchy,
    own: &Path,
) -> Result<(), Error> {
    let Some(name) = found.mount.file_name().and_then(|name| CString::new(name.as_bytes()).ok()) else {
        return Ok(());
    };
    fs::mkdirat(top, &name, Mode::from_raw_mode(0o755)).step("create mount point")?;
    let tree = hierarchy(init, found, own, mount.options.set)?;
    tree::attach_at(&tree, top.as_fd(), &name).step("attach")?;
    // `cpu,cpuacct` is known as `cpu` and as `cpuacct`, too.
    if found.controllers.len() > 1 {
        for controller in found.controllers.iter().filter(|controller| controller.as_bytes() != name.as_bytes()) {
            fs::symlinkat(&name, top, controller.as_str()).step("link controller")?;
        }
    }
    Ok(())
}

/// One hierarchy as the container sees it: through its cgroup namespace, or its own directory where it has none.
fn hierarchy(init: &Init<'_>, found: &Hierarchy, own: &Path, attributes: u64) -> Result<OwnedFd, Error> {
    if !init.plan.namespaces.has(flag::NEWCGROUP) {
        let tree = clone_source(own, false)?;
        set_attributes(tree.as_fd(), false, &Attributes::new(attributes, 0, 0)).step("set attributes")?;
        return Ok(tree);
    }
    if found.version == Version::V2 {
        return tree::new_file_system("cgroup2", Some(Path::new("cgroup")), &[], attributes);
    }
    let option = |controller: &String| match controller.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (controller.clone(), None),
    };
    let mut data: Vec<_> = found.controllers.iter().map(option).collect();
    if data.iter().all(|(_, value)| value.is_some()) {
        data.push(("none".to_owned(), None));
    }
    tree::new_file_system("cgroup", Some(Path::new("cgroup")), &data, attributes)
}
