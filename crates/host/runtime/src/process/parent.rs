//! What the caller does while its children set up: control groups, id maps, and cleaning up after a failure.

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use cgroup::Cgroup;
use oci::runtime::IdMapping;
use oci::state::Status;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_send_signal, waitid};
use sys::clone::{Fork, flag, fork};

use super::message::{Channel, Message, wait_readable};
use super::{init, stage};
use crate::Error;
use crate::error::Step;
use crate::hooks::{self, Moment};
use crate::plan::{Plan, open_directory};
use crate::request::Create;
use crate::rights;

/// How long a killed process may take to die.
const DEATH: Duration = Duration::from_secs(5);

/// As runc calls it.
const INIT: &str = "container init";

/// A child that is killed and reaped when this is dropped.
#[derive(Debug)]
pub(crate) struct ChildGuard {
    pid: i32,
    pidfd: Option<OwnedFd>,
}

impl ChildGuard {
    /// Takes charge of a child.
    pub fn new(pid: i32, pidfd: OwnedFd) -> Self {
        Self { pid, pidfd: Some(pidfd) }
    }

    /// Its id in the caller's PID namespace.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Refers to it for good.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_ref().expect("taken only by the consuming methods").as_fd()
    }

    /// Gives it up: from now on it lives on its own.
    pub fn release(mut self) -> OwnedFd {
        self.pidfd.take().expect("taken only here")
    }

    /// Waits for its end, and reaps it.
    pub fn wait(mut self) -> Option<WaitIdStatus> {
        reap(self.pidfd.take()?.as_fd())
    }
}

impl Drop for ChildGuard {
    fn drop(&mut self) {
        if let Some(pidfd) = self.pidfd.take() {
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
            reap(pidfd.as_fd());
        }
    }
}

/// A process that is stuck in the kernel is left to whoever reaps this process's other children.
fn reap(pidfd: BorrowedFd<'_>) -> Option<WaitIdStatus> {
    if !wait_readable(pidfd, DEATH) {
        return None;
    }
    waitid(WaitId::PidFd(pidfd), WaitIdOptions::EXITED | WaitIdOptions::NOHANG).ok().flatten()
}

/// A container at the gate.
#[derive(Debug)]
pub(crate) struct Launched {
    pub child: ChildGuard,
    pub channel: Channel,
    pub console: Option<OwnedFd>,
}

/// Forks the container's first process and stays with it until it is ready.
pub(crate) fn launch(plan: &Plan<'_>, cgroup: &Cgroup) -> Result<Launched, Error> {
    let (ours, theirs) = Channel::pair()?;
    let entrance = cgroup.entrance(cgroup.unified().is_some())?;
    let staged = plan.namespaces.needs_stage();
    let flags = if staged { 0 } else { plan.namespaces.clone_flags() };
    let child = match fork_into(flags, cgroup)? {
        Fork::Child(me) => {
            drop(ours);
            match staged {
                true => stage::run(me, theirs, plan, cgroup, entrance),
                false => init::run(me, theirs, plan, cgroup, entrance),
            }
        }
        Fork::Parent { pid, pidfd } => ChildGuard::new(pid, pidfd),
    };
    drop((theirs, entrance));
    let child = if staged { follow_stage(child, &ours, cgroup)? } else { child };
    if plan.namespaces.makes(flag::NEWUSER) {
        write_id_maps(child.pid(), &plan.linux.uid_mappings, &plan.linux.gid_mappings)?;
    }
    // A child that is gone already has said why, or is found dead below.
    let _ = ours.send(&Message::Go);
    let (child, console) = until_ready(&ours, child, cgroup, plan)?;
    Ok(Launched { child, channel: ours, console })
}

/// Forks into the unified control group; the child goes into the others itself. Where an ordinary user may not, as its
/// session is outside of what was delegated to it, who delegated it puts the child in.
pub(crate) fn fork_into(flags: u64, cgroup: &Cgroup) -> Result<Fork, Error> {
    let directory = cgroup.unified().map(open_directory).transpose()?;
    match fork(flags, directory.as_ref().map(AsFd::as_fd)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && cgroup.has_unit() => {}
        forked => return forked.step("fork"),
    }
    let forked = fork(flags, None).step("fork")?;
    let Fork::Parent { pid, pidfd } = forked else { return Ok(forked) };
    let child = ChildGuard::new(pid, pidfd);
    cgroup.attach(pid)?;
    Ok(Fork::Parent { pid, pidfd: child.release() })
}

/// Lets the stage make PID 1, and takes over from it.
pub(crate) fn follow_stage(stage: ChildGuard, channel: &Channel, cgroup: &Cgroup) -> Result<ChildGuard, Error> {
    let _ = channel.send(&Message::Go);
    match channel.receive_soon()? {
        Some((Message::Process { pid }, Some(pidfd))) => {
            let child = ChildGuard::new(pid, pidfd);
            stage.wait();
            Ok(child)
        }
        Some((Message::Failed(error), _)) => Err(error),
        _ => Err(cause_of_death(stage, INIT, cgroup, 0)),
    }
}

fn until_ready(
    channel: &Channel,
    child: ChildGuard,
    cgroup: &Cgroup,
    plan: &Plan<'_>,
) -> Result<(ChildGuard, Option<OwnedFd>), Error> {
    let mut console = None;
    loop {
        match channel.receive_soon()? {
            Some((Message::Console, Some(master))) => console = Some(master),
            Some((Message::Mounted, _)) => {
                let Create { id, spec, bundle, .. } = plan.request;
                let state = hooks::state(id, spec, bundle, Status::Creating, child.pid());
                hooks::run_hooks(Moment::Prestart, spec, &state)?;
                hooks::run_hooks(Moment::CreateRuntime, spec, &state)?;
                channel.send(&Message::Go)?;
            }
            Some((Message::Ready, _)) => return Ok((child, console)),
            Some((Message::Failed(error), _)) => return Err(error),
            Some(_) => return Err(Error::system("receive from container: out of turn")),
            None => return Err(cause_of_death(child, INIT, cgroup, 0)),
        }
    }
}

/// A child that died without a word: looks for the cause before anything is cleaned up. `before` is how many processes
/// had been killed for lack of memory when it was made.
pub(crate) fn cause_of_death(child: ChildGuard, who: &str, cgroup: &Cgroup, before: u64) -> Error {
    let killed = cgroup.oom_kills() > before;
    let status = child.wait();
    if killed {
        return Error::invalid(format!("{who} was OOM-killed (memory limit too low?)"));
    }
    match status.and_then(|status| status.terminating_signal()) {
        Some(signal) => Error::system(format!("{who} was killed by signal {signal} while setting up")),
        None => Error::system(format!("{who} ended while setting up")),
    }
}

/// Writes the id maps of a child in a new user namespace: user_namespaces(7). Who may map no ids but the own writes that
/// alone, and has the programs of the package uidmap write all else, by /etc/subuid and /etc/subgid.
pub(crate) fn write_id_maps(pid: i32, uids: &[IdMapping], gids: &[IdMapping]) -> Result<(), Error> {
    if uids.is_empty() || gids.is_empty() {
        return Err(Error::invalid("a new user namespace needs mappings of user and group ids"));
    }
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let is_own = |maps: &[IdMapping], own: u32| matches!(maps, [map] if map.size == 1 && map.host_id == own);
    if !rights::may_map_ids() {
        if !(is_own(uids, uid) && is_own(gids, gid)) {
            map_by_program("newuidmap", pid, uids)?;
            return map_by_program("newgidmap", pid, gids);
        }
        // Else a user could leave groups that keep it from a file.
        write_map(pid, "setgroups", "deny")?;
    }
    write_map(pid, "uid_map", &map_text(uids))?;
    write_map(pid, "gid_map", &map_text(gids))
}

fn write_map(pid: i32, file: &str, text: &str) -> Result<(), Error> {
    let path = format!("/proc/{pid}/{file}");
    let fd =
        rustix::fs::open(&path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()).step(format_args!("open `{path}`"))?;
    rustix::io::write(fd, text.as_bytes()).map(drop).step(format_args!("write `{path}`"))
}

fn map_by_program(program: &str, pid: i32, mappings: &[IdMapping]) -> Result<(), Error> {
    let numbers = mappings.iter().flat_map(|map| [map.container_id, map.host_id, map.size]);
    let line = [pid.to_string()].into_iter().chain(numbers.map(|number| number.to_string()));
    let done = std::process::Command::new(program).args(line).output();
    let done = done.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::invalid(format!(
            "map ids: {program} is not installed (package uidmap), which an ordinary user needs"
        )),
        _ => Error::system(format!("map ids: run {program}: {error}")),
    })?;
    if done.status.success() {
        return Ok(());
    }
    Err(Error::invalid(format!("map ids: {}", String::from_utf8_lossy(&done.stderr).trim())))
}
fn map_text(mappings: &[IdMapping]) -> String {
    mappings.iter().fold(String::new(), |mut text, map| {
        let _ = writeln!(text, "{} {} {}", map.container_id, map.host_id, map.size);
        text
    })
}
