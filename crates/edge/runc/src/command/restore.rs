//! `restore`: makes a container from the files that `checkpoint` has written.

use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use cgroup::{Cgroup, Site, Version};
use criu::{CgroupRoot, Criu, InheritFd, Kind, Notice, Options};
use oci::runtime::Spec;
use oci::state::{State, Status};
use runtime::Moment;
use rustix::io::FdFlags;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_bind_recursive, mount_change, unmount};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use sys::clone::{flag, unshare};
use sys::path::Kind as Made;

use super::{Command, ONE, delete};
use crate::bundle::Bundle;
use crate::container::{Container, process};
use crate::error::{Error, Step as _};
use crate::flag::{switch, value};
use crate::global::Global;
use crate::image::{self, Images};
use crate::launch::{self, BUNDLE, CONSOLE_SOCKET, PID_FILE};
use crate::parse::Parsed;
use crate::record::Record;
use crate::store::{self, Folder};
use crate::{console, foreground, pidfile};

pub const COMMAND: Command = Command {
    name: "restore",
    about: "make a container from a checkpoint's files",
    usage: "[command options] <container-id>",
    flags: &[
        BUNDLE,
        CONSOLE_SOCKET,
        image::IMAGE_PATH,
        image::WORK_PATH,
        image::TCP_ESTABLISHED,
        image::EXT_UNIX_SK,
        image::SHELL_JOB,
        image::FILE_LOCKS,
        image::MANAGE_CGROUPS,
        switch("detach", "end when the program runs").or("d"),
        PID_FILE,
        switch("no-subreaper", "adopt no orphans of the container"),
        switch("no-pivot", "of no matter: how the root is changed is criu's affair"),
        image::EMPTY_NS,
        image::AUTO_DEDUP,
        image::LAZY_PAGES,
        value("lsm-profile", "TYPE:NAME of the security module's profile, instead of the one that it had"),
        value("lsm-mount-context", "the security module's context of mounts, instead of the one that they had"),
    ],
    run: restore,
    ..ONE
};

fn restore(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let failed = |error: Error| error.during("restore failed");
    let detach = parsed.switch("detach");
    let bundle = Bundle::read(parsed.value("bundle"))?;
    let socket = parsed.text("console-socket");
    let terminal = bundle.spec.process.as_ref().is_some_and(|process| process.terminal);
    console::check(terminal, detach, socket)?;
    let socket = socket.map(console::connect).transpose()?;
    let rootfs = bundle.rootfs()?;
    let mut images = Images::open(parsed)?;
    let program = Criu::find(&global.criu).map_err(|error| failed(Error::new(error.to_string())))?;
    if !detach && !parsed.switch("no-subreaper") {
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
    let signals = (!detach).then(foreground::signals).transpose()?;
    let folder = store::make(&global.root, parsed.id())?;
    let work = Restore { global, parsed, bundle: &bundle, rootfs: &rootfs, program: &program };
    let made = work.run(&folder, &mut images, socket.as_ref());
    let (record, master) = match made {
        Ok(made) => made,
        Err(error) => {
            folder.remove()?;
            return Err(failed(error));
        }
    };
    let Some(signals) = signals else { return Ok(0) };
    let pid = record.init_process_pid;
    // A child of ours, whose number nobody else gets before it is waited for.
    let init = Pid::from_raw(pid).ok_or_else(|| Error::new("container init has no number"))?;
    let init = pidfd_open(init, PidfdFlags::empty()).step("watch container init")?;
    let container = Container::of(global, record);
    drop(folder);
    let code = foreground::stay(&signals, pid, init.as_fd(), master)?;
    delete::take_away(global, &container, Some(&bundle.spec))?;
    Ok(code)
}

struct Restore<'a> {
    global: &'a Global,
    parsed: &'a Parsed,
    bundle: &'a Bundle,
    rootfs: &'a Path,
    program: &'a Path,
}

impl Restore<'_> {
    /// Makes the container; gives what is on record of it, and the other end of its terminal where nobody else has it.
    fn run(
        &self,
        folder: &Folder,
        images: &mut Images,
        socket: Option<&UnixStream>,
    ) -> Result<(Record, Option<OwnedFd>), Error> {
        let spec = &self.bundle.spec;
        let site = launch::site(self.global, self.parsed.id(), spec)?;
        let mut record = Record::new(self.parsed.id(), spec, &self.bundle.path, self.rootfs, self.global.rootless);
        record.set_cgroups(&site);
        folder.write(&record)?;
        folder.keep_spec(&self.bundle.text)?;
        runtime::compile_filter(spec)?.as_deref().map_or(Ok(()), |filter| folder.keep_filter(filter))?;
        self.make_mount_points(&record)?;
        let root = folder.path().join(store::ROOT);
        fs::create_dir(&root).step(format_args!("create `{}`", root.display()))?;

        let resources = spec.linux.as_ref().and_then(|linux| linux.resources.as_ref());
        let mut cgroup = Cgroup::create_at(site.clone(), resources)?;
        // criu does not end with this process, nor does what it has made.
        record.gantry.restoring = true;
        let mut made = Making { spec, folder, record, socket, master: None };
        let done = made.write().and_then(|()| self.ask(images, &site, &mut cgroup, &root, &mut made));
        made.record.gantry.restoring = false;
        let done = done.and_then(|pid| made.write().map(|()| pid));
        let done = done.and_then(|pid| self.parsed.text("pid-file").map_or(Ok(()), |path| pidfile::write(path, pid)));
        let _ = fs::remove_dir(&root);
        if let Err(error) = done {
            let _ = cgroup.destroy();
            return Err(error);
        }
        Ok((made.record, made.master))
    }

    /// Has criu do it; gives PID 1.
    fn ask(
        &self,
        images: &mut Images,
        site: &Site,
        cgroup: &mut Cgroup,
        root: &Path,
        made: &mut Making<'_>,
    ) -> Result<i32, Error> {
        let joined = image::joined(&self.bundle.spec).map(|(_, key, path)| {
            let opened = fs::File::open(&path).step(format_args!("open namespace `{}`", path.display()))?;
            Ok((key, OwnedFd::from(opened)))
        });
        let joined: Vec<(&str, OwnedFd)> = joined.collect::<Result<_, Error>>()?;
        let entrance = cgroup.entrance(false)?;
        let host = HostMounts::leave()?;
        let criu = show_root(self.rootfs, root).and_then(|()| images.again()).and_then(|()| {
            let kept = entrance.descriptors().chain(joined.iter().map(|(_, namespace)| namespace));
            let kept: Vec<_> = kept.map(|fd| fd.as_raw_fd()).collect();
            let criu = Criu::start(self.program, &kept, || {
                entrance.enter().map_err(|error| error.to_string())?;
                let keep = |namespace| rustix::io::fcntl_setfd(namespace, FdFlags::empty());
                let mut kept = joined.iter().map(|(_, namespace)| keep(namespace));
                kept.try_for_each(|kept| kept).map_err(|error| format!("keep namespace: {error}"))
            });
            criu.map_err(|error| images.explain(error))
        });
        if let Err(error) = host.enter() {
            let _ = unmount(root, UnmountFlags::DETACH);
            return Err(error);
        }
        // It is inside, and nothing need hold the place for it.
        cgroup.settle()?;
        let options = self.options(images, site, &made.record, root, &joined)?;
        let pid = criu?.run(Kind::Restore, options, |notice, fd| made.told(notice, fd));
        let pid = pid.map_err(|failure| match failure {
            Failure::Ours(error) => error,
            Failure::Criu(error) => images.explain(error),
        });
        pid?.ok_or_else(|| Error::new("criu tells no process"))
    }

    fn options(
        &self,
        images: &Images,
        site: &Site,
        record: &Record,
        root: &Path,
        joined: &[(&str, OwnedFd)],
    ) -> Result<Options, Error> {
        let spec = &self.bundle.spec;
        let outside = image::outside(spec, &record.gantry.bundle).into_iter();
        let mut external: Vec<String> =
            outside.map(|(target, source)| format!("mnt[{}]:{}", target.display(), source.display())).collect();
        external.push("mnt[/dev/null]:/dev/null".to_owned());
        let mut inherit_fds: Vec<InheritFd> =
            joined.iter().map(|(key, fd)| InheritFd { key: (*key).to_owned(), fd: fd.as_raw_fd() }).collect();
        // Pipes and sockets were the caller's; those of the new caller take their places.
        for (number, was) in (0..).zip(images.descriptors()?) {
            if was.contains("pipe:") {
                inherit_fds.push(InheritFd { key: was, fd: number });
            }
        }
        let text = |name: &str| self.parsed.text(name).map(str::to_owned);
        Ok(Options {
            root: Some(root.to_string_lossy().into_owned()),
            evasive_devices: Some(true),
            rst_sibling: Some(true),
            cgroup_roots: cgroup_roots(site),
            lsm_profile: text("lsm-profile"),
            lsm_mount_context: text("lsm-mount-context"),
            external,
            inherit_fds,
            ..images.options(self.parsed)?
        })
    }

    /// A fresh root file system has no places for what is mounted on it.
    fn make_mount_points(&self, record: &Record) -> Result<(), Error> {
        let step = |path: &Path| format!("create mount point for `{}`", path.display());
        let root = fs::File::open(self.rootfs).step(format_args!("open `{}`", self.rootfs.display()))?;
        let mounts = &self.bundle.spec.mounts;
        let in_memory = |path: &Path| {
            let over = |mount: &&oci::runtime::Mount| path != mount.destination && path.starts_with(&mount.destination);
            mounts.iter().any(|mount| over(&mount))
        };
        let outside = image::outside(&self.bundle.spec, &record.gantry.bundle);
        for mount in mounts.iter().filter(|mount| !in_memory(&mount.destination)) {
            let source = outside.iter().find(|(target, _)| *target == mount.destination).map(|(_, source)| source);
            let kind = if source.is_some_and(|source| !source.is_dir()) { Made::File } else { Made::Directory };
            let target = mount.destination.strip_prefix("/").unwrap_or(&mount.destination);
            if !target.as_os_str().is_empty() {
                sys::path::ensure(&root, target, kind).step(step(&mount.destination))?;
            }
        }
        Ok(())
    }
}

/// A container that criu is making.
struct Making<'a> {
    spec: &'a Spec,
    folder: &'a Folder,
    record: Record,
    socket: Option<&'a UnixStream>,
    /// The other end of its terminal, where no socket gets it.
    master: Option<OwnedFd>,
}

impl Making<'_> {
    fn write(&self) -> Result<(), Error> {
        self.folder.write(&self.record)
    }

    fn told(&mut self, notice: &Notice, fd: Option<OwnedFd>) -> Result<(), Failure> {
        let done = match (notice.script.as_deref(), notice.pid, fd) {
            (Some("orphan-pts-master"), _, Some(master)) => self.take_terminal(master),
            (Some("setup-namespaces"), pid, _) => self.run_hooks(pid),
            // It does not run before this is answered: who hears of it finds it on record.
            (Some("post-restore"), Some(pid), _) => self.take_init(pid),
            _ => Ok(()),
        };
        done.map_err(Failure::Ours)
    }

    fn take_terminal(&mut self, master: OwnedFd) -> Result<(), Error> {
        match self.socket {
            Some(socket) => console::send(socket, &master),
            None => {
                self.master = Some(master);
                Ok(())
            }
        }
    }

    fn take_init(&mut self, pid: i32) -> Result<(), Error> {
        let found = process(pid).ok_or_else(|| Error::new("container init has ended at once"))?;
        self.record.set_init(pid, found.start);
        self.write()
    }

    fn run_hooks(&self, pid: Option<i32>) -> Result<(), Error> {
        let state = State {
            oci_version: oci::state::VERSION.to_owned(),
            id: self.record.id.clone(),
            status: Status::Creating,
            pid,
            bundle: self.record.gantry.bundle.clone(),
            annotations: self.record.gantry.annotations.clone(),
        };
        for moment in [Moment::Prestart, Moment::CreateRuntime] {
            runtime::run_hooks(moment, self.spec, &state)?;
        }
        Ok(())
    }
}

/// Why criu did not do it: by our doing, or by its own.
enum Failure {
    Ours(Error),
    Criu(criu::Error),
}

impl From<criu::Error> for Failure {
    fn from(error: criu::Error) -> Self {
        Self::Criu(error)
    }
}

/// The way back to the host's mount namespace, and to the working directory there.
struct HostMounts {
    namespace: OwnedFd,
    directory: OwnedFd,
}

impl HostMounts {
    /// Leaves for a mount namespace of its own, to which the host's changes come: what is mounted there is gone with those
    /// who are in it, whatever is killed.
    fn leave() -> Result<Self, Error> {
        let step = "leave the host's mount namespace";
        let open = |path: &str| fs::File::open(path).map(OwnedFd::from).step(step);
        let host = Self { namespace: open("/proc/self/ns/mnt")?, directory: open(".")? };
        unshare(flag::NEWNS).step(step)?;
        let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        match mount_change("/", slave).step("change propagation of `/`") {
            Ok(()) => Ok(host),
            Err(error) => host.enter().and(Err(error)),
        }
    }

    fn enter(self) -> Result<(), Error> {
        let step = "return to the host's mount namespace";
        move_into_link_name_space(self.namespace.as_fd(), Some(LinkNameSpaceType::Mount)).step(step)?;
        rustix::process::fchdir(self.directory).step(step)
    }
}

/// criu wants a root that is a mount.
fn show_root(rootfs: &Path, root: &Path) -> Result<(), Error> {
    mount_bind_recursive(rootfs, root).step(format_args!("bind `{}`", rootfs.display()))
}

/// Version 2 has its groups under criu's own.
fn cgroup_roots(site: &Site) -> Vec<CgroupRoot> {
    let path = Path::new("/").join(site.path()).to_string_lossy().into_owned();
    let root = |controllers: String| CgroupRoot { controllers: Some(controllers), path: path.clone() };
    let groups = site.groups().filter(|(_, hierarchy)| hierarchy.version == Version::V1);
    groups.map(|(_, hierarchy)| root(hierarchy.controllers.join(","))).collect()
}
