//! A container as another process finds it: its record, its PID 1, where it is in its life.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use cgroup::{Cgroup, Unit};
use oci::state::{State, Status};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::error::{Error, Step as _};
use crate::global::Global;
use crate::record::Record;
use crate::store;

/// A container that is on record.
#[derive(Debug)]
pub struct Container {
    /// What is on record.
    pub record: Record,
    folder: PathBuf,
    busy: bool,
}

impl Container {
    /// Finds one.
    pub fn find(global: &Global, id: &str) -> Result<Self, Error> {
        match store::read(&global.root, id)? {
            Some(record) => Ok(Self::of(global, record)),
            None => Err(Error::new("container does not exist")),
        }
    }

    /// The container of a record.
    pub fn of(global: &Global, record: Record) -> Self {
        let busy = record.init_process_pid == 0 && store::is_busy(&global.root, &record.id);
        Self { folder: global.root.join(&record.id), record, busy }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// PID 1 where it lives, held so that no other process is taken for it.
    pub fn init(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(self.record.init_process_pid)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let alive = process(self.record.init_process_pid)
            .is_some_and(|found| found.start == self.record.init_process_start && !matches!(found.state, 'Z' | 'X'));
        alive.then_some(pidfd)
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        if self.busy {
            return Status::Creating;
        }
        match self.init() {
            None => Status::Stopped,
            Some(_) if self.cgroup().is_frozen() => Status::Paused,
            Some(_) if runtime::has_gate(&self.folder) => Status::Created,
            Some(_) => Status::Running,
        }
    }

    /// What the specification says of a container in this moment.
    pub fn state(&self, status: Status) -> State {
        State {
            oci_version: oci::state::VERSION.to_owned(),
            id: self.record.id.clone(),
            status,
            pid: Some(self.pid(status)),
            bundle: self.record.gantry.bundle.clone(),
            annotations: self.record.gantry.annotations.clone(),
        }
    }

    /// PID 1; 0 for a container that has none any more.
    pub fn pid(&self, status: Status) -> i32 {
        if status == Status::Stopped { 0 } else { self.record.init_process_pid }
    }

    /// Its control groups.
    pub fn cgroup(&self) -> Cgroup {
        let unit = self.record.gantry.unit.clone().map(|name| Unit::of_record(name, self.record.rootless));
        self.record.cgroup(&self.record.gantry.cgroups).of_unit(unit)
    }

    /// Its processes. An ordinary user's container without control groups is known by PID 1's namespace, where it has one
    /// of its own.
    pub fn pids(&self) -> Result<Vec<i32>, Error> {
        let cgroup = self.cgroup();
        if !cgroup.paths().is_empty() {
            return Ok(cgroup.pids()?);
        }
        let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let init = self.record.init_process_pid;
        let own = self.init().and_then(|_| namespace(&init.to_string()));
        let Some(own) = own else { return Ok(Vec::new()) };
        if namespace("self").is_some_and(|ours| ours == own) {
            return Ok(vec![init]);
        }
        let entries = std::fs::read_dir("/proc").step("list `/proc`")?.flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        Ok(pids.filter(|pid| namespace(&pid.to_string()).as_ref() == Some(&own)).collect())
    }

    /// Its PID 1, which must live.
    pub fn alive(&self) -> Result<OwnedFd, Error> {
        self.init().ok_or_else(|| Error::new("container not running"))
    }

    /// Sends a signal to PID 1.
    pub fn signal(&self, signal: i32) -> Result<(), Error> {
        let init = self.alive()?;
        sys::signal::send(init.as_fd(), signal).step(format_args!("send signal {signal}"))
    }
}

/// What procfs says of a process.
pub struct Found {
    state: char,
    /// Clock ticks after boot.
    pub start: u64,
}

/// Looks at a process: fields 3 and 22 of its stat file. The second may hold anything but ends with the last parenthesis.
pub fn process(pid: i32) -> Option<Found> {
    // With room at once: the file has no size, and reading it piece by piece asks the kernel many times.
    let mut stat = Vec::with_capacity(1024);
    File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_end(&mut stat)).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some(Found { state, start: fields.nth(18)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_number() {
        let global = Global { root: "/no/such".into(), ..Global::default() };
        let own = std::process::id() as i32;
        let mut record = Record::new("x", &oci::runtime::Spec::default(), "/b".as_ref(), "/r".as_ref(), false);
        record.set_init(own, process(own).unwrap().start);
        assert_eq!(Container::of(&global, record.clone()).status(), Status::Running);
        record.init_process_start += 1;
        let later = Container::of(&global, record);
        assert_eq!((later.status(), later.state(Status::Stopped).pid), (Status::Stopped, Some(0)));
        assert_eq!(later.signal(9).unwrap_err().to_string(), "container not running");
    }
}
