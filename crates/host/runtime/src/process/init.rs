//! PID 1 of the container, from its first instruction to the program's.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cgroup::{Cgroup, Entrance};
use rustix::process::setsid;
use sys::clone::{Child, flag};

use super::message::{Channel, Message};
use super::stage::close_others;
use oci::state::Status;

use crate::Error;
use crate::attributes;
use crate::error::Step;
use crate::hooks::{self, Moment};
use crate::namespaces::join_network;
use crate::plan::Plan;
use crate::setup::{
    console, cwd, devices, execute, hostname, identity, keyring, label, masks, mounts, pivot, rlimits, rootfs, stdio,
    sysctl, userns,
};

/// What PID 1 knows and has made so far.
pub(crate) struct Init<'a> {
    pub plan: &'a Plan<'a>,
    pub cgroup: &'a Cgroup,
    pub channel: &'a Channel,
    /// The way into the control groups, until this process is in them.
    entrance: Option<Entrance>,
    /// Whether the parent has let this process go on: ids are mapped.
    released: bool,
    /// The root of the container's file system; after the pivot its `/`.
    root: Option<OwnedFd>,
    /// A procfs of this PID namespace which nobody can have put something over.
    pub procfs: Option<OwnedFd>,
    /// The container's end of its terminal.
    pub terminal: Option<OwnedFd>,
    /// The host's procfs, where a label has to be put on.
    host_procfs: Option<OwnedFd>,
}

/// A step of the set-up. Order matters, and the reasons stand beside.
type StepFn = fn(&mut Init<'_>) -> Result<(), Error>;

const STEPS: &[StepFn] = &[
    // While the container is still invisible: writing it needs a dumpable process.
    identity::oom_score,
    open_host_procfs,
    identity::undumpable,
    join,
    userns::become_root,
    new_session,
    rootfs::stop_propagation,
    rootfs::mount,
    // The cgroup namespace shows the groups in which this process is at this moment as its root.
    enter_cgroups,
    mounts::mount_all,
    devices::make,
    console::make,
    // Before /proc/sys gets read-only.
    sysctl::write,
    masks::read_only_paths,
    masks::masked_paths,
    hostname::set,
    cwd::make,
    run_hooks,
    // The last writer to the root was the step before.
    rootfs::make_read_only,
    pivot::run,
    adjust_process,
];

/// Sets up a container that was cloned by the parent itself, and executes its program.
pub(crate) fn run(me: Child, channel: Channel, plan: &Plan<'_>, cgroup: &Cgroup, entrance: Entrance) -> ! {
    run_from(me, channel, plan, cgroup, Some(entrance))
}

/// The same in a process whose stage has joined all there is to join.
pub(crate) fn run_joined(me: Child, channel: Channel, plan: &Plan<'_>, cgroup: &Cgroup) -> ! {
    run_from(me, channel, plan, cgroup, None)
}

fn run_from(me: Child, channel: Channel, plan: &Plan<'_>, cgroup: &Cgroup, entrance: Option<Entrance>) -> ! {
    let attempt = || -> Result<Infallible, Error> {
        stdio::install(&plan.request.io)?;
        let doors = entrance.iter().flat_map(Entrance::descriptors);
        close_others(&me, &channel, plan.descriptors().chain(doors), plan.request.extras.preserve)?;
        let (released, root, procfs, terminal, host_procfs) = (false, None, None, None, None);
        let init = Init { plan, cgroup, channel: &channel, entrance, released, root, procfs, terminal, host_procfs };
        init.run()
    };
    // A panic must not unwind into the parent's frames.
    let result = catch_unwind(AssertUnwindSafe(attempt));
    let error = match result {
        Ok(Ok(never)) => match never {},
        Ok(Err(error)) => error,
        Err(_) => Error::system("container init panicked"),
    };
    let _ = channel.send(&Message::Failed(error));
    me.exit(1)
}

impl Init<'_> {
    fn run(mut self) -> Result<Infallible, Error> {
        if self.entrance.is_none() {
            // The stage is in the control groups, and this process with it.
            self.wait_until_released()?;
        }
        for step in STEPS {
            step(&mut self)?;
        }
        let program = execute::find(&self.plan.job)?;
        let (channel, plan) = (self.channel, self.plan);
        let env = execute::environment(&plan.job);
        // Descriptors of the set-up are closed here; what is left are the ways to whoever starts it.
        drop(self);
        channel.send(&Message::Ready)?;
        let Some(gate) = &plan.request.extras.gate else {
            channel.wait_for_go()?;
            return execute_program(plan, &program, &env, channel);
        };
        // Until the maker says that it has written down what waits here: if it dies before, nobody would know.
        channel.wait_for_go()?;
        let starter = gate.wait()?;
        execute_program(plan, &program, &env, &starter).inspect_err(|error| {
            let _ = starter.send(&Message::Failed(error.clone()));
        })
    }

    /// The container's root.
    pub fn root(&self) -> BorrowedFd<'_> {
        self.root.as_ref().expect("mounted by an earlier step").as_fd()
    }

    /// Sets the container's root.
    pub fn set_root(&mut self, root: OwnedFd) {
        self.root = Some(root);
    }

    /// Waits until the parent says that ids are mapped.
    pub fn wait_until_released(&mut self) -> Result<(), Error> {
        if !self.released {
            self.channel.wait_for_go()?;
            self.released = true;
        }
        Ok(())
    }
}

fn join(init: &mut Init<'_>) -> Result<(), Error> {
    if init.plan.namespaces.needs_stage() {
        return Ok(());
    }
    if let Some(netns) = &init.plan.request.netns {
        join_network(netns.as_fd())?;
    }
    init.plan.namespaces.join_paths()
}

fn new_session(_: &mut Init<'_>) -> Result<(), Error> {
    setsid().map(drop).step("make session")
}

fn enter_cgroups(init: &mut Init<'_>) -> Result<(), Error> {
    init.wait_until_released()?;
    if let Some(entrance) = init.entrance.take() {
        entrance.enter()?;
    }
    if init.plan.namespaces.makes(flag::NEWCGROUP) {
        sys::clone::unshare(flag::NEWCGROUP).step("make cgroup namespace")?;
    }
    Ok(())
}

/// The last things before the program.
fn execute_program(
    plan: &Plan<'_>,
    program: &execute::Program,
    env: &[std::ffi::CString],
    channel: &Channel,
) -> Result<Infallible, Error> {
    tell_hooks(plan, Moment::StartContainer, Status::Created)?;
    execute::run(&plan.job, program, env, plan.request.extras.preserve, channel)
}

/// Runs hooks in the container's namespaces, where this process knows itself by another number than the host does.
fn tell_hooks(plan: &Plan<'_>, moment: Moment, status: Status) -> Result<(), Error> {
    let spec = plan.request.spec;
    if !hooks::any(spec, &[moment]) {
        return Ok(());
    }
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    hooks::run_hooks(moment, spec, &hooks::state(plan.request.id, spec, plan.request.bundle, status, pid))
}

/// Lets the parent run the hooks of its side, then runs those of this one.
fn run_hooks(init: &mut Init<'_>) -> Result<(), Error> {
    if hooks::any(init.plan.request.spec, &[Moment::Prestart, Moment::CreateRuntime]) {
        init.channel.send(&Message::Mounted)?;
        init.channel.wait_for_go()?;
    }
    tell_hooks(init.plan, Moment::CreateContainer, Status::Creating)
}

fn open_host_procfs(init: &mut Init<'_>) -> Result<(), Error> {
    if init.plan.job.label.is_some() {
        init.host_procfs = Some(label::open_procfs()?);
    }
    Ok(())
}

/// What PID 1 has in common with a process that enters later.
fn adjust_process(init: &mut Init<'_>) -> Result<(), Error> {
    let job = &init.plan.job;
    if !init.plan.request.extras.no_keyring {
        keyring::join(init.plan.request.id)?;
    }
    stdio::attach_terminal(init.terminal.take())?;
    stdio::own_null()?;
    stdio::give_to(&job.process.user)?;
    let entered = cwd::enter(job, cwd::Attempt::First)?;
    rlimits::set(job)?;
    job.attributes.set()?;
    attributes::set_domain(init.plan.linux.personality.as_ref())?;
    if let (Some(label), Some(procfs)) = (&job.label, &init.host_procfs) {
        label.put_on(procfs)?;
    }
    identity::become_user(job)?;
    if entered { Ok(()) } else { cwd::enter(job, cwd::Attempt::Last).map(drop) }
}
