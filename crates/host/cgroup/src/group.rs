//! A container's control groups, one directory on each hierarchy.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use oci::runtime::Resources;
use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use crate::entrance::Entrance;
use crate::hierarchy::{Hierarchy, Layout, Version};
use crate::setting::Setting;
use crate::systemd::{self, Placeholder, Unit};
use crate::{Error, device_program, devices, file, v1, v2};

/// How often a removal or a killing is tried before it is given up, with growing pauses: about two seconds in all.
const ATTEMPTS: u32 = 40;

/// A container's control groups, one directory on each hierarchy.
///
/// Dropping it leaves them in place.
#[derive(Debug, Default)]
pub struct Cgroup {
    paths: Vec<PathBuf>,
    /// Of the same number and order as `paths`; none in a group taken over by its paths.
    hierarchies: Vec<Hierarchy>,
    unified: Option<PathBuf>,
    /// Where systemd has made it.
    scope: Option<Box<Scope>>,
}

/// A unit that is there.
#[derive(Debug)]
struct Scope {
    unit: Unit,
    /// What keeps the unit from being empty until PID 1 is in it.
    placeholder: Option<Placeholder>,
    /// What is written when the placeholder has gone.
    late: Vec<Setting>,
}

impl Cgroup {
    /// Makes the groups at `path` below every hierarchy, with limits. `path` is absolute, from the hierarchies' roots.
    ///
    /// A group of that name that is empty is made anew, so that no earlier limit stays.
    ///
    /// # Errors
    /// [`Error::InUse`] and [`Error::Frozen`] for a group that cannot be taken, [`Error::Unsupported`] for a limit that
    /// this host has no file for; whatever the error, nothing is left.
    pub fn create(path: &str, resources: Option<&Resources>) -> Result<Self, Error> {
        Self::create_at(Site::find(path)?, resources)
    }

    /// The same at a place that was found before.
    ///
    /// # Errors
    /// As of [`Cgroup::create`].
    pub fn create_at(site: Site, resources: Option<&Resources>) -> Result<Self, Error> {
        let mut made = Self { paths: Vec::with_capacity(site.layout.hierarchies.len()), ..Self::default() };
        let result = made.fill(&site, resources.unwrap_or(&Resources::default()));
        match result {
            Ok(()) => Ok(made),
            Err(error) => {
                let _ = made.settle();
                let _ = made.remove();
                Err(error)
            }
        }
    }

    /// Says that PID 1 is inside, or that there will be none.
    ///
    /// # Errors
    /// As of [`Cgroup::create`], for a limit that had to wait for this.
    pub fn settle(&mut self) -> Result<(), Error> {
        let Some(scope) = &mut self.scope else { return Ok(()) };
        scope.placeholder = None;
        let late = std::mem::take(&mut scope.late);
        late.iter().try_for_each(|setting| self.rewrite(setting))
    }

    /// Takes groups that [`Cgroup::create`] made in another process.
    pub fn from_paths(paths: Vec<PathBuf>) -> Self {
        let unified = paths.iter().find(|path| path.join("cgroup.kill").exists()).cloned();
        Self { paths, unified, ..Self::default() }
    }

    /// The same where it is on record which hierarchy each of them is on.
    pub fn from_record(groups: impl IntoIterator<Item = (PathBuf, Hierarchy)>) -> Self {
        let (paths, hierarchies): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
        let unified = hierarchies.iter().position(|hierarchy| hierarchy.version == Version::V2);
        Self { unified: unified.map(|place| paths[place].clone()), paths, hierarchies, ..Self::default() }
    }

    /// The same where systemd has made them.
    pub fn of_unit(self, unit: Option<Unit>) -> Self {
        let scope = unit.map(|unit| Box::new(Scope { unit, placeholder: None, late: Vec::new() }));
        Self { scope, ..self }
    }

    /// Whether systemd has made it.
    pub fn has_unit(&self) -> bool {
        self.scope.is_some()
    }

    /// Has systemd put a process in, where it has made the group.
    ///
    /// # Errors
    /// [`Error::Unit`] for what it refuses.
    pub fn attach(&self, process: i32) -> Result<(), Error> {
        self.scope.as_ref().map_or(Ok(()), |scope| systemd::attach(&scope.unit, process))
    }

    /// Changes limits of groups that are there; what `resources` does not name stays.
    ///
    /// # Errors
    /// As of [`Cgroup::create`]. What was changed before the failure stays changed.
    pub fn update(&self, resources: &Resources) -> Result<(), Error> {
        let layout = Layout::read()?;
        let unified = layout.is_unified();
        let mut settings = if unified { v2::settings(resources)? } else { v1::settings(resources)? };
        if !unified {
            self.order_memory(&mut settings);
        }
        if let Some(scope) = &self.scope {
            systemd::change(&scope.unit, &settings, &devices::rules(resources)?)?;
        }
        for setting in &settings {
            self.rewrite(setting)?;
        }
        match &self.unified {
            Some(directory) if unified && !resources.devices.is_empty() => restrict_devices(directory, resources),
            _ => Ok(()),
        }
    }

    /// The sum with swap must never be below the memory limit: a sum that grows beyond what it was goes first.
    fn order_memory(&self, settings: &mut [Setting]) {
        let place = |name: &str| settings.iter().position(|setting| setting.file == name);
        let (Some(memory), Some(sum)) = (place("memory.limit_in_bytes"), place("memory.memsw.limit_in_bytes")) else {
            return;
        };
        let present = self.paths.iter().find_map(|path| file::read(&path.join("memory.memsw.limit_in_bytes")).ok());
        let present = present.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
        // -1 is no limit.
        let wanted = settings[sum].value.parse::<u64>().unwrap_or(u64::MAX);
        if wanted > present {
            settings.swap(memory, sum);
        }
    }

    fn rewrite(&self, setting: &Setting) -> Result<(), Error> {
        let directories = self.paths.iter().map(|path| path.join(&*setting.file));
        let unsupported = || Error::Unsupported { limit: setting.limit, file: setting.file.to_string() };
        let path = directories.into_iter().find(|path| path.exists()).ok_or_else(unsupported)?;
        file::write(&path, &setting.value).map_err(|error| Error::Limit {
            limit: setting.limit,
            value: setting.value.clone(),
            path: path.clone(),
            source: error.into(),
        })
    }

    fn fill(&mut self, site: &Site, resources: &Resources) -> Result<(), Error> {
        let Site { layout, path, .. } = site;
        let mut settings = if layout.is_unified() { v2::settings(resources)? } else { v1::settings(resources)? };
        if let Some(unit) = &site.unit {
            let fail = |error: io::Error| Error::io("fork a placeholder for control group", path, error);
            let placeholder = Placeholder::fork().map_err(fail)?;
            systemd::start(unit, &settings, &devices::rules(resources)?, placeholder.pid())?;
            let late = settings.extract_if(.., |setting| setting.file == "pids.max").collect();
            self.scope = Some(Box::new(Scope { unit: unit.clone(), placeholder: Some(placeholder), late }));
        }
        for hierarchy in &layout.hierarchies {
            let directory = hierarchy.mount.join(path);
            let made = match site.unit {
                None => prepare_parents(hierarchy, path).and_then(|()| make_leaf(&directory)),
                Some(_) => make_rest(hierarchy, path),
            };
            match made {
                Err(error) if site.optional && error.is_denied() => continue,
                result => result?,
            }
            if hierarchy.version == Version::V2 {
                self.unified = Some(directory.clone());
            }
            self.paths.push(directory.clone());
            self.hierarchies.push(hierarchy.clone());
            if hierarchy.has("cpuset") {
                inherit_cpuset(&directory)?;
            }
            if may_freeze(hierarchy) && is_frozen(&directory) {
                return Err(Error::Frozen { path: directory });
            }
        }
        let mut open = None;
        for setting in &settings {
            match self.write(site, setting, &mut open) {
                // Who cannot make nodes is kept from those of the host by their owners.
                Err(_) if site.optional && setting.controller == "devices" => {}
                result => result?,
            }
        }
        match &self.unified {
            Some(directory) if layout.is_unified() => match restrict_devices(directory, resources) {
                Err(error) if site.optional && error.is_denied() => Ok(()),
                result => result,
            },
            _ => Ok(()),
        }
    }

    /// Writes one setting; the file stays open for the next, which often is for the same one (a list of devices).
    fn write(&self, site: &Site, setting: &Setting, open: &mut Option<(PathBuf, OwnedFd)>) -> Result<(), Error> {
        let unsupported = || Error::Unsupported { limit: setting.limit, file: setting.file.to_string() };
        let holds = |hierarchy: &&Hierarchy| match hierarchy.version {
            Version::V1 => hierarchy.has(setting.controller),
            Version::V2 => site.layout.is_unified(),
        };
        let hierarchy =
            self.hierarchies.iter().find(holds).ok_or_else(|| match site.layout.hierarchies.iter().find(holds) {
                Some(hierarchy) => Error::Denied { limit: setting.limit, path: hierarchy.mount.join(&site.path) },
                None => unsupported(),
            })?;
        let path = hierarchy.mount.join(&site.path).join(&*setting.file);
        let fail = |error: Errno| match error {
            Errno::NOENT => unsupported(),
            error => Error::Limit {
                limit: setting.limit,
                value: setting.value.clone(),
                path: path.clone(),
                source: error.into(),
            },
        };
        let file = match open.take_if(|(opened, _)| *opened == path) {
            Some((_, file)) => file,
            None => file::open(&path).map_err(fail)?,
        };
        file::put(&file, &setting.value).map_err(fail)?;
        *open = Some((path, file));
        Ok(())
    }

    /// Opens the way in for a process that goes itself. `skip_unified` where clone3(2) puts it into
    /// [`Cgroup::unified`].
    ///
    /// # Errors
    /// A group that is gone.
    pub fn entrance(&self, skip_unified: bool) -> Result<Entrance, Error> {
        let unified = self.unified.as_ref();
        let paths = self.paths.iter().filter(|&path| !skip_unified || unified != Some(path));
        // Version 2 takes whole processes alone.
        Entrance::open(paths.map(|path| (path.clone(), if unified == Some(path) { "cgroup.procs" } else { "tasks" })))
    }

    /// The directories, one on each hierarchy.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The hierarchies, one for each of [`Cgroup::paths`]; empty for groups taken over by [`Cgroup::from_paths`].
    pub fn hierarchies(&self) -> &[Hierarchy] {
        &self.hierarchies
    }

    /// The directory on the unified hierarchy, for `CLONE_INTO_CGROUP`.
    pub fn unified(&self) -> Option<&Path> {
        self.unified.as_deref()
    }

    /// Whether the group or one above it is frozen, so that a process which enters would not run.
    pub fn is_frozen(&self) -> bool {
        let may = |place: usize| self.hierarchies.get(place).is_none_or(may_freeze);
        self.paths.iter().enumerate().any(|(place, path)| may(place) && is_frozen(path))
    }

    /// How many processes the kernel has killed in the group for lack of memory.
    pub fn oom_kills(&self) -> u64 {
        let counts = |place: &usize| match self.hierarchies.get(*place) {
            Some(hierarchy) => hierarchy.version == Version::V2 || hierarchy.has("memory"),
            None => true,
        };
        (0..self.paths.len())
            .filter(counts)
            .flat_map(|place| ["memory.oom_control", "memory.events"].map(|file| self.paths[place].join(file)))
            .filter_map(|path| file::keyed(&file::read(&path).ok()?, "oom_kill"))
            .sum()
    }

    /// The processes in the group and below it.
    ///
    /// # Errors
    /// An unreadable `cgroup.procs`; a group that is gone has none.
    pub fn pids(&self) -> Result<Vec<i32>, Error> {
        self.paths.first().map_or(Ok(Vec::new()), |path| pids_below(path))
    }

    /// Kills all processes in the group and below it, and waits until the kernel has taken them out.
    ///
    /// # Errors
    /// [`Error::InUse`] where some do not go.
    pub fn kill_all(&self) -> Result<(), Error> {
        for attempt in 0..ATTEMPTS {
            let pids = self.pids()?;
            if pids.is_empty() {
                return Ok(());
            }
            self.kill_once(&pids);
            pause(attempt);
        }
        Err(self.in_use())
    }

    fn until_empty(&self) -> Result<(), Error> {
        for attempt in 0..ATTEMPTS {
            if self.pids()?.is_empty() {
                return Ok(());
            }
            pause(attempt);
        }
        Err(self.in_use())
    }

    fn in_use(&self) -> Error {
        Error::InUse { path: self.paths.first().cloned().unwrap_or_default() }
    }

    /// By one write where the kernel can (Linux 5.14); else the group is frozen first, so that none forks away and no
    /// id is given to another process meanwhile.
    fn kill_once(&self, pids: &[i32]) {
        if self.unified.as_ref().is_some_and(|path| file::write(&path.join("cgroup.kill"), "1").is_ok()) {
            return;
        }
        let freezer = self.paths.iter().map(|path| path.join("freezer.state")).find(|path| path.exists());
        let set = |state: &str| freezer.as_ref().map(|path| file::write(path, state));
        set("FROZEN");
        for pid in self.pids().unwrap_or_else(|_| pids.to_vec()).into_iter().filter_map(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        set("THAWED");
    }

    /// Removes the groups and those below them, and kills what is in them. Of empty ones, as they mostly are, nothing else
    /// is asked.
    ///
    /// # Errors
    /// As of [`Cgroup::kill_all`] and [`Cgroup::remove`]; what can be removed is.
    pub fn destroy(&self) -> Result<(), Error> {
        if self.scope.is_some() {
            // systemd would be gentle with them.
            let killed = self.kill_all();
            self.remove()?;
            return killed;
        }
        let gone = |path: &&PathBuf| matches!(fs::rmdir(path.as_path()), Ok(()) | Err(Errno::NOENT));
        let left: Vec<PathBuf> = self.paths.iter().filter(|path| !gone(path)).cloned().collect();
        if left.is_empty() {
            return Ok(());
        }
        let left = Self::from_paths(left);
        let killed = left.kill_all();
        left.remove()?;
        killed
    }

    /// Removes the groups and those below them. They must be empty, or about to be.
    ///
    /// # Errors
    /// The first refusal; the other directories are removed nonetheless.
    pub fn remove(&self) -> Result<(), Error> {
        let stopped = self.scope.as_ref().map_or(Ok(()), |scope| {
            // systemd ends what is in a unit that it stops, and keeps one whose directory is taken from it.
            self.until_empty()?;
            systemd::stop(&scope.unit)
        });
        let removed: Vec<_> = self.paths.iter().map(|path| remove_tree(path)).collect();
        [stopped].into_iter().chain(removed).collect()
    }
}

/// Where a container's control groups are, or are to be made: the same path below every hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    layout: Layout,
    /// Relative.
    path: PathBuf,
    optional: bool,
    unit: Option<Unit>,
}

impl Site {
    /// Finds the hierarchies. `path` is absolute, from their roots.
    ///
    /// # Errors
    /// A path that is none, and a host without control groups.
    pub fn find(path: &str) -> Result<Self, Error> {
        Ok(Self { path: relative(path)?, layout: Layout::read()?, optional: false, unit: None })
    }

    /// The place of a unit that systemd is to start.
    ///
    /// # Errors
    /// [`Error::Unit`] where its manager is not reached; a host without control groups.
    pub fn systemd(unit: Unit) -> Result<Self, Error> {
        Ok(Self { path: systemd::directory(&unit)?, layout: Layout::read()?, optional: false, unit: Some(unit) })
    }

    /// The same for a user who may make groups on some hierarchies or on none: it does without the others, unless a limit
    /// needs one.
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// The path, below each hierarchy.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The unit that systemd is to start there.
    pub fn unit(&self) -> Option<&Unit> {
        self.unit.as_ref()
    }

    /// The directories, with the hierarchy that each is on.
    pub fn groups(&self) -> impl Iterator<Item = (PathBuf, &Hierarchy)> {
        self.layout.hierarchies.iter().map(|hierarchy| (hierarchy.mount.join(&self.path), hierarchy))
    }
}

/// Checks a path, and makes it relative to a hierarchy's root.
fn relative(path: &str) -> Result<PathBuf, Error> {
    let invalid = |reason| Err(Error::Path { path: path.to_owned(), reason });
    if path.matches(':').count() == 2 && !path.contains('/') {
        return invalid("is for the driver systemd, which was not asked for");
    }
    if Path::new(path).components().any(|part| part == Component::ParentDir) {
        return invalid("`..` is not allowed");
    }
    if path.contains(['\n', '\0']) {
        return invalid("control characters are not allowed");
    }
    let relative = path.trim_start_matches('/');
    if relative.is_empty() { invalid("names the root") } else { Ok(relative.into()) }
}

/// Makes what is missing above the leaf, and hands controllers down.
fn prepare_parents(hierarchy: &Hierarchy, path: &Path) -> Result<(), Error> {
    let mut directory = hierarchy.mount.clone();
    for part in path.parent().into_iter().flat_map(Path::components) {
        delegate(hierarchy, &directory);
        directory.push(part);
        if make(&directory)? && hierarchy.has("cpuset") {
            inherit_cpuset(&directory)?;
        }
    }
    delegate(hierarchy, &directory);
    Ok(())
}

/// Makes what systemd has not made: on version 1 it has some hierarchies only. Version 2 is its alone to divide.
fn make_rest(hierarchy: &Hierarchy, path: &Path) -> Result<(), Error> {
    let mut directory = hierarchy.mount.clone();
    for part in path.components() {
        directory.push(part);
        if make(&directory)? && hierarchy.has("cpuset") {
            inherit_cpuset(&directory)?;
        }
    }
    Ok(())
}

/// Lets children of a version 2 group have all controllers that it has. One that cannot be handed down will be missed
/// when a limit needs it, and named then.
fn delegate(hierarchy: &Hierarchy, directory: &Path) {
    if hierarchy.version == Version::V1 {
        return;
    }
    let list = |name: &str| file::read(&directory.join(name)).unwrap_or_default();
    let (available, enabled) = (list("cgroup.controllers"), list("cgroup.subtree_control"));
    for controller in available.split_whitespace().filter(|name| !enabled.split_whitespace().any(|on| on == *name)) {
        let _ = file::write(&directory.join("cgroup.subtree_control"), &format!("+{controller}"));
    }
}

/// Makes a directory; whether it was missing.
fn make(directory: &Path) -> Result<bool, Error> {
    match fs::mkdir(directory, Mode::from_raw_mode(0o755)) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(Error::io("create control group", directory, error)),
    }
}

/// Version 2 has no files for devices; a program decides.
fn restrict_devices(directory: &Path, resources: &Resources) -> Result<(), Error> {
    let rules = devices::rules(resources)?;
    if rules.iter().all(|rule| rule.allow) {
        return Ok(());
    }
    let fail = |error: io::Error| Error::io("restrict devices of control group", directory, error);
    let program = sys::bpf::load_device_program(&device_program::compile(&rules)).map_err(fail)?;
    let group = fs::open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let group = group.map_err(|error| fail(error.into()))?;
    sys::bpf::attach_device_program(group.as_fd(), program.as_fd()).map_err(fail)
}

fn make_leaf(directory: &Path) -> Result<(), Error> {
    if make(directory)? {
        return Ok(());
    }
    match fs::rmdir(directory) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(_) => return Err(Error::InUse { path: directory.into() }),
    }
    if make(directory)? { Ok(()) } else { Err(Error::InUse { path: directory.into() }) }
}

/// A new group of the version 1 cpuset controller has no processors, and takes no process: cpusets.rst.
fn inherit_cpuset(directory: &Path) -> Result<(), Error> {
    let parent = directory.parent().unwrap_or(directory);
    for name in ["cpuset.cpus", "cpuset.mems"] {
        let (from, to) = (parent.join(name), directory.join(name));
        let value = file::read(&from).map_err(|error| Error::io("read", from, error))?;
        file::write(&to, value.trim()).map_err(|error| Error::io("write", to, error))?;
    }
    Ok(())
}

fn may_freeze(hierarchy: &Hierarchy) -> bool {
    hierarchy.version == Version::V2 || hierarchy.has("freezer")
}

/// Asks version 2 whether the group is to be frozen (which takes a while) or is so by one above it, or the freezer of
/// version 1, where the directory has either.
fn is_frozen(directory: &Path) -> bool {
    let read = |name: &str| file::read(&directory.join(name));
    match read("cgroup.events") {
        Ok(events) if file::keyed(&events, "frozen") == Some(1) => true,
        Ok(_) => read("cgroup.freeze").is_ok_and(|wanted| wanted.trim() == "1"),
        Err(_) => read("freezer.state").is_ok_and(|state| state.trim() != "THAWED"),
    }
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

fn pids_below(directory: &Path) -> Result<Vec<i32>, Error> {
    let mut pids = file::pids(&directory.join("cgroup.procs"))?;
    for child in children(directory) {
        pids.extend(pids_below(&child)?);
    }
    Ok(pids)
}

fn remove_tree(directory: &Path) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        match fs::rmdir(directory) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::BUSY | Errno::NOTEMPTY) => {}
            Err(error) => return Err(Error::io("remove control group", directory, error)),
        }
        for child in children(directory) {
            remove_tree(&child)?;
        }
        if attempt > 0 {
            pause(attempt);
        }
    }
    Err(Error::InUse { path: directory.into() })
}

/// Waits a little longer each time, from a fifth of a millisecond to a tenth of a second.
pub(crate) fn pause(attempt: u32) {
    std::thread::sleep(Duration::from_micros((200 << attempt.min(9)).min(100_000)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also where version 1 has the devices: the program can be attached to the unified hierarchy all the same.
    #[test]
    fn a_group_takes_its_device_program() {
        let layout = Layout::read().unwrap();
        let Some(unified) = layout.hierarchies.iter().find(|found| found.version == Version::V2) else { return };
        let directory = unified.mount.join(format!("cgroup-test-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let devices = vec![oci::runtime::DeviceRule::default()];
        let result = restrict_devices(&directory, &Resources { devices, ..Resources::default() });
        std::fs::remove_dir(&directory).unwrap();
        result.unwrap();
    }

    #[test]
    fn paths_that_leave_the_hierarchy_are_refused() {
        for bad in ["", "/", "//", "/a/../../b", "system.slice:docker:abc", "/a\nb"] {
            assert!(relative(bad).is_err(), "{bad:?}");
        }
        assert_eq!(relative("/docker/abc").unwrap(), Path::new("docker/abc"));
    }
}
