//! The one owner of a live container.
//!
//! ```text
//!  requests ──► inbox ──► Actor ──► publishes a View ──► readers (ps, inspect, wait, logs …) never wait
//!                 ▲         │
//!                 │         └─ start: spawns the shim, and a monitor that hears how the run ends
//!  monitor ───────┘  Ended
//! ```
//!
//! Only this task changes the container; the order of what happens to it is the order of its inbox. What takes long (the
//! pause of a stop, the pause before a restart) is waited for outside.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use api::container::{Edit, HostConfig};
use container::health::Probe;
use container::lifecycle::{self, AfterExit, Restart, Verb};
use container::state::Phase;
use fault::{Fault, Kind, Result};
use shim_proto::{ExitRecord, Request, Streams};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::health::Monitor;
use super::late::Promise;
use super::start::Running;
use super::{Handle, Stored, View, groups, start};
use crate::clock;
use crate::inner::Inner;
use crate::shim::Shim;

/// The inbox's size: senders wait beyond it.
const INBOX: usize = 64;

/// How long a start waits for files that are copied into the container.
const LAST_COPY: Duration = Duration::from_secs(10);
/// How long a new run waits for the last run's shim to have cleaned up.
const LAST_SHIM: Duration = Duration::from_secs(30);

/// Exit code of a run whose end nobody saw.
const UNKNOWN_END: i32 = 255;

/// Exit code of a run that was ended by SIGKILL.
const KILLED: i32 = 128 + SIGKILL;

const SIGKILL: i32 = 9;

/// What the owner is asked or told.
#[derive(Debug)]
pub enum Message {
    /// Run it.
    Start(oneshot::Sender<Result<()>>),
    /// Send its PID 1 a signal. `last`: a user wants it to end, and no policy may start it again.
    Signal {
        /// The number.
        signal: i32,
        /// Whether it is meant to end the container.
        last: bool,
        /// Told when it was sent.
        reply: oneshot::Sender<Result<()>>,
    },
    /// Freeze it.
    Pause(oneshot::Sender<Result<()>>),
    /// Let it go on.
    Unpause(oneshot::Sender<Result<()>>),
    /// Give it another name.
    Rename {
        /// With or without a slash.
        name: String,
        /// Told when readers see it.
        reply: oneshot::Sender<Result<()>>,
    },
    /// Change limits, the restart policy, ports, mounts or variables.
    Update {
        /// Only limits and the restart policy count; 0 and empty change nothing.
        change: Box<HostConfig>,
        /// What is added and taken away.
        edit: Box<Edit>,
        /// Told when all of it has been done, or nothing.
        reply: oneshot::Sender<Result<()>>,
    },
    /// Join its streams, now or when it starts.
    Attach {
        /// Which.
        streams: Streams,
        /// Where the stream goes.
        promise: Promise,
    },
    /// It was found out whether it is well.
    Probed {
        /// In which run.
        run: u64,
        /// What was found.
        probe: Probe,
    },
    /// Its run has ended.
    Ended {
        /// Which run.
        run: u64,
        /// How; nothing where its shim left without a word.
        record: Option<ExitRecord>,
    },
    /// The pause before a restart is over.
    RestartDue {
        /// The run that ended before it.
        run: u64,
    },
    /// Remove it; it must not run.
    Remove(oneshot::Sender<Result<()>>),
}

impl std::fmt::Debug for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Promise")
    }
}

/// The owner.
pub struct Actor {
    pub(super) engine: Arc<Inner>,
    pub(super) stored: Stored,
    pub(super) views: watch::Sender<Arc<View>>,
    pub(super) own_inbox: mpsc::WeakSender<Message>,
    waiting: Vec<(Streams, Promise)>,
    files: Arc<tokio::sync::Mutex<()>>,
    /// The run's number: a message about an earlier one is stale.
    pub(super) run: u64,
    ends: u64,
    gone: bool,
    monitor: Option<JoinHandle<()>>,
    /// Present while it is probed.
    pub(super) health: Option<Monitor>,
    last_pause: Option<Duration>,
    /// It is being ended without its shim.
    was_stuck: bool,
    /// The sockets of ports that were published since the start; its shim holds the others.
    pub(super) more_ports: Vec<OwnedFd>,
}

/// Gives a container an owner. `running`: it was found alive.
pub fn spawn(engine: &Arc<Inner>, stored: Stored, running: Option<Running>) -> Handle {
    let view = View { stored: stored.clone(), ends: 0, gone: false };
    let (views, seen) = watch::channel(Arc::new(view));
    let (inbox, requests) = mpsc::channel(INBOX);
    let files = Arc::default();
    let mut actor = Actor {
        engine: Arc::clone(engine),
        stored,
        views,
        own_inbox: inbox.downgrade(),
        waiting: Vec::new(),
        files: Arc::clone(&files),
        run: 0,
        ends: 0,
        gone: false,
        monitor: None,
        health: None,
        last_pause: None,
        was_stuck: false,
        more_ports: Vec::new(),
    };
    if let Some(running) = running {
        actor.watch_over(running);
        if actor.stored.state().phase == Phase::Running {
            actor.begin_probes(false);
        }
        actor.publish();
    }
    tokio::spawn(actor.serve(requests));
    Handle { views: seen, files, inbox }
}

impl Actor {
    async fn serve(mut self, mut requests: mpsc::Receiver<Message>) {
        while let Some(message) = requests.recv().await {
            self.handle(message).await;
            if self.gone {
                break;
            }
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Start(reply) => {
                let outcome = self.start(false).await;
                let _ = reply.send(outcome);
            }
            Message::Signal { signal, last, reply } => {
                let outcome = self.signal(signal, last).await;
                let _ = reply.send(outcome);
            }
            Message::Pause(reply) => {
                let outcome = self.pause().await;
                let _ = reply.send(outcome);
            }
            Message::Unpause(reply) => {
                let outcome = self.unpause().await;
                let _ = reply.send(outcome);
            }
            Message::Rename { name, reply } => {
                let outcome = self.rename(&name).await;
                let _ = reply.send(outcome);
            }
            Message::Update { change, edit, reply } => {
                let outcome = self.update(&change, &edit).await;
                let _ = reply.send(outcome);
            }
            Message::Attach { streams, promise } => self.attach(streams, promise).await,
            Message::Probed { run, probe } if run == self.run => self.probed(probe),
            Message::Ended { run, record } if run == self.run => self.ended(record).await,
            Message::RestartDue { run } if run == self.run && self.stored.state().phase == Phase::Restarting => {
                self.restart_now().await;
            }
            Message::Ended { .. } | Message::RestartDue { .. } | Message::Probed { .. } => {}
            Message::Remove(reply) => {
                let outcome = self.remove().await;
                let _ = reply.send(outcome);
            }
        }
    }

    /// The way to its shim.
    pub(super) fn shim(&self) -> Shim {
        Shim::new(self.engine.bundle(&self.stored.record.id))
    }

    pub(super) fn admit(&self, verb: Verb) -> Result<()> {
        lifecycle::admit(self.stored.state(), self.stored.record.id.as_str(), &self.stored.record.name, verb)
    }

    /// Lets readers see the present state.
    pub(super) fn publish(&self) {
        let view = View { stored: self.stored.clone(), ends: self.ends, gone: self.gone };
        self.views.send_replace(Arc::new(view));
    }

    pub(super) fn emit(&self, action: &str, more: &[(&str, String)]) {
        let mut attributes = self.stored.attributes();
        attributes.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.engine.events.emit("container", action, self.stored.record.id.as_str(), attributes);
    }

    async fn start(&mut self, by_policy: bool) -> Result<()> {
        self.admit(Verb::Start)?;
        self.wait_for_last_shim().await?;
        let files = Arc::clone(&self.files);
        // A client that uploads may take for ever; who waits in the inbox behind this must not.
        let unchanged = tokio::time::timeout(LAST_COPY, files.lock()).await;
        let _unchanged = unchanged.map_err(|_| {
            Fault::conflict(format!("container {}: files are still being copied into it", self.stored.record.id))
        })?;
        let waiting = std::mem::take(&mut self.waiting);
        match start::launch(&self.engine, &mut self.stored, waiting).await {
            Ok(running) => {
                self.started(running, by_policy);
                Ok(())
            }
            Err(failure) => Err(self.did_not_start(failure).await),
        }
    }

    /// The ports and the cgroup of the last run are free when its shim is gone.
    async fn wait_for_last_shim(&mut self) -> Result<()> {
        let Some(monitor) = self.monitor.take() else { return Ok(()) };
        let over = tokio::time::timeout(LAST_SHIM, monitor).await;
        over.map(|_| ()).map_err(|_| {
            Fault::deadline(format!("container {}: its last run is still being cleaned up", self.stored.record.id))
        })
    }

    fn started(&mut self, running: Running, by_policy: bool) {
        let state = &mut self.stored.record.state;
        state.phase = Phase::Running;
        state.pid = running.pid;
        state.started_at = Some(running.started_at);
        state.error.clear();
        state.oom_killed = false;
        state.exit_code = 0;
        if by_policy {
            state.restart_count += 1;
        } else {
            state.stopped_by_user = false;
            state.restart_count = 0;
        }
        self.watch_over(running);
        self.begin_probes(true);
        self.publish();
        // A record says it only after the event is written: what a later daemon does not find told, it tells.
        self.emit("start", &[]);
        self.engine.keep(&self.stored);
    }

    fn watch_over(&mut self, running: Running) {
        self.run += 1;
        let run = self.run;
        let inbox = self.own_inbox.clone();
        self.monitor = Some(tokio::spawn(running.monitor(move |record| async move {
            if let Some(inbox) = inbox.upgrade() {
                let _ = inbox.send(Message::Ended { run, record }).await;
            }
        })));
    }

    async fn did_not_start(&mut self, failure: crate::shim::StartFailure) -> Fault {
        let fault = start::refusal(&failure);
        let state = &mut self.stored.record.state;
        state.phase = if state.phase == Phase::Created { Phase::Created } else { Phase::Exited };
        state.exit_code = start::exit_code(&failure);
        state.error = fault.message().to_owned();
        state.pid = 0;
        self.ends += 1;
        self.publish();
        if self.stored.record.host_config.auto_remove {
            let _ = self.remove().await;
        } else {
            self.engine.keep(&self.stored);
        }
        fault
    }

    async fn signal(&mut self, signal: i32, last: bool) -> Result<()> {
        if last {
            self.stored.record.state.stopped_by_user = true;
        }
        if self.stored.state().phase == Phase::Restarting {
            return self.cancel_restart(last);
        }
        self.admit(Verb::Kill)?;
        self.send(signal).await?;
        self.emit("kill", &[("signal", signal.to_string())]);
        if last {
            self.publish();
        }
        // What is frozen cannot die: the signal works as soon as it goes on.
        if last && self.stored.state().phase == Phase::Paused {
            self.unpause().await?;
        }
        Ok(())
    }

    /// Sends PID 1 a signal by its shim. A shim that does not answer is in nobody's way: with SIGKILL it goes, and all of
    /// its container's processes.
    async fn send(&mut self, signal: i32) -> Result<()> {
        match self.shim().ask(&Request::Signal { exec: None, signal }).await {
            Err(fault) if fault.kind() == Kind::Deadline => {
                let (engine, id) = (Arc::clone(&self.engine), self.stored.record.id.clone());
                let supervisor = groups::state(&engine, &id)?.shim;
                self.stored.record.state.error = stuck(supervisor.pid);
                self.publish();
                if signal != SIGKILL {
                    return Err(fault.at(stuck(supervisor.pid)));
                }
                self.was_stuck = true;
                super::start::blocking(move || groups::end(&engine, &id)).await
            }
            outcome => outcome.map(drop),
        }
    }

    fn cancel_restart(&mut self, last: bool) -> Result<()> {
        if last {
            self.stored.record.state.phase = Phase::Exited;
            self.engine.keep(&self.stored);
            self.publish();
        }
        Ok(())
    }

    async fn attach(&mut self, streams: Streams, promise: Promise) {
        if self.stored.state().phase.is_alive() {
            let shim = self.shim();
            let request = Request::Attach { exec: None, streams };
            // An error breaks the promise: the client sees the end of its streams.
            if let Ok((_, stream)) = shim.open(&request).await {
                promise.keep(stream);
            }
        } else {
            self.waiting.retain(|(_, promise)| !promise.is_abandoned());
            self.waiting.push((streams, promise));
        }
    }

    async fn ended(&mut self, record: Option<ExitRecord>) {
        // Nobody but us has ended one that was stuck.
        let unknown = if std::mem::take(&mut self.was_stuck) { KILLED } else { UNKNOWN_END };
        let record =
            record.or_else(|| self.engine.exit_record(&self.stored.record)).unwrap_or_else(|| unknown_end(unknown));
        self.end_probes();
        self.more_ports.clear();
        let state = &mut self.stored.record.state;
        let uptime = record.exited_at - state.started_at.unwrap_or(record.exited_at);
        let uptime = Duration::from_nanos(u64::try_from(uptime).unwrap_or(0));
        state.phase = Phase::Exited;
        state.pid = 0;
        state.exit_code = record.exit_code;
        state.oom_killed = record.oom_killed;
        state.error = record.error.unwrap_or_default();
        state.finished_at = Some(record.exited_at);
        self.ends += 1;
        let policy = &self.stored.record.host_config.restart_policy;
        let policy = Restart::parse(&policy.name, policy.maximum_retry_count).unwrap_or_default();
        let after = lifecycle::after_exit(
            policy,
            self.stored.record.host_config.auto_remove,
            self.stored.state(),
            uptime,
            self.last_pause,
        );
        // What ends with the daemon is started again with the next one.
        let stays = self.engine.is_stopping.load(std::sync::atomic::Ordering::SeqCst);
        let after = if stays && matches!(after, AfterExit::RestartIn(_)) { AfterExit::Stay } else { after };
        if let AfterExit::RestartIn(_) = after {
            self.stored.record.state.phase = Phase::Restarting;
        }
        self.leave_network().await;
        self.publish();
        if record.oom_killed {
            self.emit("oom", &[]);
        }
        let seconds = uptime.as_secs().to_string();
        self.emit("die", &[("exitCode", record.exit_code.to_string()), ("execDuration", seconds)]);
        crate::network::tell(&self.engine, "disconnect", &self.stored);
        match after {
            AfterExit::Stay => self.engine.keep(&self.stored),
            AfterExit::RestartIn(pause) => self.restart_in(pause),
            AfterExit::Remove => drop(self.remove().await),
        }
    }

    fn restart_in(&mut self, pause: Duration) {
        self.engine.keep(&self.stored);
        self.last_pause = Some(pause);
        let (run, inbox) = (self.run, self.own_inbox.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(inbox) = inbox.upgrade() {
                let _ = inbox.send(Message::RestartDue { run }).await;
            }
        });
    }

    async fn restart_now(&mut self) {
        if let Err(fault) = self.start(true).await {
            tracing::error!(container = %self.stored.record.id, %fault, "the restart policy could not start it");
        }
    }

    /// Gives the address and ports back. Ports are waited for: whoever hears of the end may publish them again at once.
    async fn leave_network(&mut self) {
        let Some(endpoint) = self.stored.endpoint.take() else { return };
        let has_ports = !endpoint.ports.is_empty();
        let engine = Arc::clone(&self.engine);
        let leaving = tokio::task::spawn_blocking(move || engine.networks.detach(&endpoint));
        if has_ports {
            let _ = leaving.await;
        }
    }

    async fn remove(&mut self) -> Result<()> {
        self.admit(Verb::Remove { force: false })?;
        let before = self.stored.state().phase;
        self.stored.record.state.phase = Phase::Removing;
        self.publish();
        if let Err(fault) = self.engine.forget(&self.stored.record).await {
            self.stored.record.state.phase = before;
            self.publish();
            return Err(fault);
        }
        self.waiting.clear();
        self.gone = true;
        self.engine.containers.remove(self.stored.record.id.as_str(), &self.stored.record.name);
        self.publish();
        self.emit("destroy", &[]);
        Ok(())
    }
}

/// What is said of a container whose supervisor does not answer.
pub fn stuck(supervisor: i32) -> String {
    format!("its supervisor, process {supervisor}, does not answer: it may be stopped, or stuck in the kernel")
}

fn unknown_end(exit_code: i32) -> ExitRecord {
    ExitRecord { exit_code, oom_killed: false, exited_at: clock::now(), started_at: None, error: None }
}
