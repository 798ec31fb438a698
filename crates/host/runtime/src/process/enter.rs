//! A further process in a running container.
//!
//! As a stage it joins the namespaces and gives up every right that the program will not have, all while the container
//! cannot see it, for its PID is outside. Then it clones the process proper, which the container's own processes can
//! see and, with CAP_SYS_PTRACE, could take over: that one has nothing left to take (CVE-2016-9962), but for CAP_SYS_ADMIN
//! in the instant before its filter is loaded, where the kernel asks for that.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cgroup::Entrance;
use rustix::fs::{Mode, OFlags};
use rustix::process::{DumpableBehavior, set_dumpable_behavior, setsid};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
use sys::clone::{Child, Fork, flag, fork};

use super::message::{Channel, Message};
use super::stage::close_others;
use crate::Error;
use crate::error::Step;
use crate::exec::Entry;
use crate::job::Job;
use crate::request::Io;
use crate::setup::{console, cwd, execute, identity, keyring, label, rlimits, stdio, userns};

/// What there is to do.
pub(crate) struct Enter<'a> {
    pub id: &'a str,
    /// The container's PID 1.
    pub target: BorrowedFd<'a>,
    pub namespaces: ThreadNameSpaceType,
    pub job: &'a Job<'a>,
    pub io: &'a Io,
    pub entry: Entry,
}

/// Enters and executes.
pub(crate) fn run(me: Child, channel: Channel, enter: &Enter<'_>, entrance: Entrance) -> ! {
    let result = catch_unwind(AssertUnwindSafe(|| as_stage(&me, &channel, enter, entrance)));
    match result.unwrap_or_else(|_| Err(Error::system("entering process panicked"))) {
        Ok(()) => me.exit(0),
        Err(error) => {
            let _ = channel.send(&Message::Failed(error));
            me.exit(1)
        }
    }
}

fn as_stage(me: &Child, channel: &Channel, enter: &Enter<'_>, entrance: Entrance) -> Result<(), Error> {
    let target = rustix::io::fcntl_dupfd_cloexec(enter.target, 3).step("duplicate pidfd")?;
    stdio::install(enter.io)?;
    let procfs = enter.job.label.as_ref().map(|_| label::open_procfs()).transpose()?;
    close_others(
        me,
        channel,
        [&target].into_iter().chain(entrance.descriptors()).chain(&procfs),
        enter.entry.preserve,
    )?;
    identity::set_oom_score(enter.job.process.oom_score_adj)?;
    enter.job.attributes.enter_processors()?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("make process undumpable")?;
    channel.wait_for_go()?;
    entrance.enter()?;
    move_into_thread_name_spaces(target.as_fd(), enter.namespaces).step("join namespaces of container")?;
    drop(target);
    if enter.namespaces.contains(ThreadNameSpaceType::USER) {
        userns::take_root()?;
    }
    let terminal = open_terminal(channel, enter)?;
    if !enter.entry.no_keyring {
        keyring::join(enter.id)?;
    }
    if terminal.is_none() {
        stdio::own_null()?;
    }
    stdio::give_to_with(&enter.job.process.user, terminal.as_ref())?;
    let entered = cwd::enter(enter.job, cwd::Attempt::First)?;
    rlimits::set(enter.job)?;
    enter.job.attributes.set()?;
    identity::become_user(enter.job)?;
    if !entered {
        cwd::enter(enter.job, cwd::Attempt::Last)?;
    }
    let program = execute::find(enter.job)?;
    let env = execute::environment(enter.job);
    match fork(flag::PARENT, None).step("fork")? {
        Fork::Parent { pid, pidfd } => channel.send_with(&Message::Process { pid }, pidfd.as_fd()),
        Fork::Child(child) => {
            let attempt = AssertUnwindSafe(|| inside(channel, terminal, enter, procfs.as_ref(), &program, &env));
            let error = match catch_unwind(attempt) {
                Ok(Ok(never)) => match never {},
                Ok(Err(error)) => error,
                Err(_) => Error::system("entering process panicked"),
            };
            let _ = channel.send(&Message::Failed(error));
            child.exit(1)
        }
    }
}

/// In the container's PID namespace, with the program's own rights.
fn inside(
    channel: &Channel,
    terminal: Option<OwnedFd>,
    enter: &Enter<'_>,
    procfs: Option<&OwnedFd>,
    program: &execute::Program,
    env: &[std::ffi::CString],
) -> Result<Infallible, Error> {
    setsid().map(drop).step("make session")?;
    stdio::attach_terminal(terminal)?;
    if let (Some(label), Some(procfs)) = (&enter.job.label, procfs) {
        label.put_on(procfs)?;
    }
    execute::run(enter.job, program, env, enter.entry.preserve, channel)
}

fn open_terminal(channel: &Channel, enter: &Enter<'_>) -> Result<Option<OwnedFd>, Error> {
    if !matches!(enter.io, Io::Terminal) {
        return Ok(None);
    }
    let root =
        rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).step("open `/`")?;
    let console = console::open(root.as_fd(), enter.job.process.console_size.as_ref())?;
    channel.send_with(&Message::Console, console.master.as_fd())?;
    Ok(Some(console.slave))
}
