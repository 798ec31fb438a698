//! A container to make, checked as far as that is possible before anything is made.

use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use oci::runtime::{IdMapping, Linux, Mount, Spec};
use rustix::mount::MountPropagationFlags;
use sys::clone::flag;

use crate::Error;
use crate::capabilities::Available;
use crate::error::Step;
use crate::gate::Gate;
use crate::job::Job;
use crate::mount_options::MountOptions;
use crate::namespaces::Namespaces;
use crate::request::{Create, RootFs};
use crate::setup::{idmap, mounts, rootfs, sysctl, time};
use crate::{attributes, hooks, listener, rights};
use seccomp::Program;

/// A container to make, checked as far as that is possible before anything is made.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub request: &'a Create<'a>,
    pub linux: &'a Linux,
    pub namespaces: Namespaces,
    pub job: Job<'a>,
    pub mounts: Vec<MountPlan<'a>>,
    /// The root file system, where the container's user namespace could not mount it.
    pub prepared_root: Option<OwnedFd>,
}

/// One mount.
#[derive(Debug)]
pub(crate) struct MountPlan<'a> {
    /// Absolute and without `.` and `..`.
    pub target: PathBuf,
    pub what: What<'a>,
    pub options: MountOptions,
    /// The mappings of a mount whose owners are shown under other ids; where they are empty, the container's.
    pub mappings: Option<(&'a [IdMapping], &'a [IdMapping])>,
    /// The source of a bind, where only the host can open it, or open it in the right way.
    pub prepared: Option<OwnedFd>,
}

/// What is mounted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// A file or directory of the host.
    Bind(PathBuf),
    /// A new instance of a file system of this type, and its source.
    FileSystem(&'a str, &'a Path),
    /// The container's control groups.
    Cgroup,
}

impl<'a> Plan<'a> {
    /// Checks a request.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] for what cannot be, and for what is not done here.
    pub fn read(request: &'a Create<'a>, linux: &'a Linux, filter: Option<&'a Program>) -> Result<Self, Error> {
        let spec = request.spec;
        refuse_unsupported(linux)?;
        hooks::check(spec)?;
        listener::check(spec)?;
        linux.personality.as_ref().map(attributes::domain).transpose()?;
        let namespaces = Namespaces::read(spec, request.netns.is_some())?;
        sysctl::check(linux, &namespaces)?;
        refuse_host_names(spec, &namespaces)?;
        time::check(linux, &namespaces)?;
        let in_user_namespace = namespaces.has(flag::NEWUSER);
        // An ordinary user's rights are those that the user namespace gives.
        let with_host_rights = in_user_namespace && rights::may_mount();
        let process = spec.process.as_ref().ok_or_else(|| Error::invalid("the specification has no process"))?;
        let mut plan = Self {
            request,
            linux,
            namespaces,
            job: Job::read(process, filter, Available::read(in_user_namespace))?,
            mounts: spec.mounts.iter().map(|mount| MountPlan::read(mount, request.bundle)).collect::<Result<_, _>>()?,
            prepared_root: None,
        };
        if with_host_rights {
            plan.prepared_root = Some(rootfs::detached(&request.rootfs)?);
        }
        plan.mounts.iter_mut().try_for_each(|mount| mount.prepare(with_host_rights, linux))?;
        Ok(plan)
    }

    /// Descriptors that a forked child must keep until it has used them.
    pub fn descriptors(&self) -> impl Iterator<Item = &OwnedFd> {
        let prepared = self.mounts.iter().filter_map(|mount| mount.prepared.as_ref());
        let gate = self.request.extras.gate.as_ref().map(Gate::descriptor);
        let given = prepared.chain(&self.prepared_root).chain(&self.request.netns).chain(gate);
        given.chain(self.namespaces.descriptors())
    }

    /// Whether `/dev` is a bind of the caller's, in which nothing is made.
    pub fn brings_own_dev(&self) -> bool {
        self.mounts.iter().any(|mount| mount.target == Path::new("/dev") && matches!(mount.what, What::Bind(_)))
    }
}

fn refuse_unsupported(linux: &Linux) -> Result<(), Error> {
    let asked = [("Intel RDT", linux.intel_rdt.is_some())];
    match asked.iter().find(|(_, asked)| *asked) {
        Some((what, _)) => Err(Error::invalid(format!("{what}: not supported"))),
        None => Ok(()),
    }
}

fn refuse_host_names(spec: &Spec, namespaces: &Namespaces) -> Result<(), Error> {
    let given = |name: &Option<String>| name.as_deref().is_some_and(|name| !name.is_empty());
    let named = given(&spec.hostname) || given(&spec.domainname);
    if named && !namespaces.has(flag::NEWUTS) {
        return Err(Error::invalid("unable to set hostname without a private UTS namespace"));
    }
    Ok(())
}

impl<'a> MountPlan<'a> {
    fn read(mount: &'a Mount, bundle: &Path) -> Result<Self, Error> {
        if !mount.destination.is_absolute() {
            return Err(Error::invalid(format!("mount destination {:?} is not absolute", mount.destination)));
        }
        let options = MountOptions::read(&mount.options);
        let own = (mount.uid_mappings.as_slice(), mount.gid_mappings.as_slice());
        let mappings = (options.map_ids.is_some() || own != (&[], &[])).then_some(own);
        let kind = mount.kind.as_deref().unwrap_or("bind");
        let source = mount.source.as_deref().unwrap_or(Path::new(""));
        let what = match kind {
            _ if options.bind || kind == "bind" => What::Bind(bundle.join(source)),
            "cgroup" | "cgroup2" => What::Cgroup,
            kind => What::FileSystem(kind, source),
        };
        if mappings.is_some() && !matches!(what, What::Bind(_)) {
            return Err(Error::invalid(format!("mount {:?}: ids can be mapped for a bind alone", mount.destination)));
        }
        Ok(Self { target: clean(&mount.destination), what, options, mappings, prepared: None })
    }

    /// Opens with the host's rights what root of a user namespace may not, and in the host's mount namespace what is to
    /// stay its peer: in the container's, all mounts are slaves before the first bind is made.
    fn prepare(&mut self, with_host_rights: bool, linux: &Linux) -> Result<(), Error> {
        let flags = self.options.propagation.unwrap_or(MountPropagationFlags::PRIVATE);
        if let What::Bind(source) = &self.what
            && (with_host_rights || flags.contains(MountPropagationFlags::SHARED) || self.mappings.is_some())
        {
            let opened = mounts::clone_source(source, self.options.recursive_bind);
            let opened = opened.and_then(|opened| self.map_ids(&opened, linux).map(|()| opened));
            self.prepared = Some(opened.map_err(|error| mounts::in_context(self, &error))?);
        }
        Ok(())
    }

    fn map_ids(&self, mount: &OwnedFd, linux: &Linux) -> Result<(), Error> {
        let (uids, gids) = match self.mappings {
            None => return Ok(()),
            Some((&[], &[])) => (linux.uid_mappings.as_slice(), linux.gid_mappings.as_slice()),
            Some(own) => own,
        };
        if uids.is_empty() || gids.is_empty() {
            return Err(Error::invalid("idmap: mappings of both user and group ids are needed"));
        }
        idmap::apply(mount, self.options.map_ids.unwrap_or(false), uids, gids)
    }
}

/// Takes `.` and `..` out of an absolute path by text, as Go's `filepath.Clean` does.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => drop(clean.pop()),
            _ => {}
        }
    }
    clean
}

impl RootFs {
    /// Where a mount of the root can be attached: a directory that exists in any case.
    pub(crate) fn mount_point(&self) -> &Path {
        match self {
            RootFs::Directory { path } => path,
            RootFs::Overlay { upper, .. } => upper,
        }
    }
}

/// Opens a directory that is a part of the request.
pub(crate) fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).step(format_args!("open `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_sorted_by_what_they_are() {
        let mount = |kind: Option<&str>, options: &[&str]| Mount {
            destination: "/a/./b/../../../c".into(),
            kind: kind.map(str::to_owned),
            source: Some("src".into()),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            ..Mount::default()
        };
        let read = |mount: &Mount| {
            let plan = MountPlan::read(mount, Path::new("/bundle")).unwrap();
            (plan.target.display().to_string(), format!("{:?}", plan.what))
        };
        let bind = r#"Bind("/bundle/src")"#.to_owned();
        assert_eq!(read(&mount(None, &[])), ("/c".to_owned(), bind.clone()));
        assert_eq!(read(&mount(Some("none"), &["rbind"])).1, bind);
        assert_eq!(read(&mount(Some("cgroup"), &["ro"])).1, "Cgroup");
        assert_eq!(read(&mount(Some("tmpfs"), &[])).1, r#"FileSystem("tmpfs", "src")"#);
        let relative = Mount { destination: "x".into(), ..Mount::default() };
        assert!(MountPlan::read(&relative, Path::new("/")).is_err());
    }
}
