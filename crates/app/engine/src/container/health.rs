//! Probes whether a running container is well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::container::HostConfig;
use api::exec::ExecCreateRequest;
use container::health::{Check, Health, Probe, Status};
use fault::{Fault, Result};
use human::GoDuration;
use shim_proto::Request;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::View;
use super::actor::{Actor, Message};
use crate::clock;
use crate::exec::{self, Phase};
use crate::inner::Inner;
use crate::reply::Attached;
use crate::request::{ContainerStop, ExecCreate, ExecStart};
use crate::shim::Shim;

/// Bytes of a probe's output that are kept.
const OUTPUT: usize = 4096;
/// The annotation that says what becomes of a container that becomes unhealthy.
const ON_FAILURE: &str = "gantry.health.on-failure";

/// What becomes of a container that becomes unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Nothing, as with Docker.
    Nothing,
    /// It is stopped, and its restart policy leaves it so.
    Stop,
    /// It is killed, and its restart policy decides.
    Kill,
    /// It is stopped and started again.
    Restart,
}

impl OnFailure {
    /// Reads a container's annotations.
    ///
    /// # Errors
    /// `InvalidParameter` for another word than `none`, `stop`, `kill`, `restart`.
    pub fn of(host: &HostConfig) -> Result<Self> {
        match host.annotations.as_ref().and_then(|all| all.get(ON_FAILURE)).map(String::as_str) {
            None | Some("none") => Ok(Self::Nothing),
            Some("stop") => Ok(Self::Stop),
            Some("kill") => Ok(Self::Kill),
            Some("restart") => Ok(Self::Restart),
            Some(other) => Err(Fault::invalid(format!(
                "invalid annotation {ON_FAILURE}={other:?}: use one of 'none', 'stop', 'kill', or 'restart'"
            ))),
        }
    }
}

/// A monitor at work; it ends when this is dropped.
pub struct Monitor(JoinHandle<()>);

impl Drop for Monitor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a monitor watches.
struct Watch {
    engine: Arc<Inner>,
    id: String,
    run: u64,
    check: Check,
    owner: mpsc::WeakSender<Message>,
    /// The owner's own: in the list of containers it may come after its probes.
    views: watch::Receiver<Arc<View>>,
}

impl Actor {
    /// Begins to probe, where the container is to be probed and runs. `fresh`: nothing is known of this run yet.
    pub(super) fn begin_probes(&mut self, fresh: bool) {
        self.health = None;
        // What is wrong with it was told when the container was made.
        let Ok(Some(check)) = Check::of(&self.stored.record.config) else { return };
        let state = &mut self.stored.record.state;
        match &mut state.health {
            Some(health) if fresh => (health.status, health.failing_streak) = (Status::Starting, 0),
            Some(_) => {}
            none => *none = Some(Health::default()),
        }
        let watch = Watch {
            engine: Arc::clone(&self.engine),
            id: self.stored.record.id.to_string(),
            run: self.run,
            check,
            owner: self.own_inbox.clone(),
            views: self.views.subscribe(),
        };
        self.health = Some(Monitor(tokio::spawn(watch.run())));
    }

    /// Ends the probes. Of whom nobody knows whether it is well, it is not said that it is.
    pub(super) fn end_probes(&mut self) {
        if self.health.take().is_some()
            && let Some(health) = &mut self.stored.record.state.health
        {
            health.status = Status::Unhealthy;
        }
    }

    /// Draws the consequences of a probe.
    pub(super) fn probed(&mut self, probe: Probe) {
        let Ok(Some(check)) = Check::of(&self.stored.record.config) else { return };
        let state = &mut self.stored.record.state;
        if self.health.is_none() {
            return;
        }
        let before = state.health.take().unwrap_or_default();
        let after = before.after(&check, state.started_at.unwrap_or(0), probe);
        let (old, new) = (before.status, after.status);
        state.health = Some(after);
        self.publish();
        if old == new {
            return;
        }
        self.engine.keep(&self.stored);
        self.emit(&format!("health_status: {}", new.word()), &[]);
        if new == Status::Unhealthy {
            self.act_on_failure();
        }
    }

    fn act_on_failure(&self) {
        // What is wrong with it was told when the container was made.
        let act = OnFailure::of(&self.stored.record.host_config).unwrap_or(OnFailure::Nothing);
        if act == OnFailure::Nothing {
            return;
        }
        let (engine, target) = (Arc::clone(&self.engine), self.stored.record.id.to_string());
        tokio::spawn(async move {
            let request = ContainerStop { target: target.clone(), signal: None, timeout: None };
            let done = match act {
                OnFailure::Nothing => Ok(()),
                OnFailure::Stop => super::stop(&engine, request).await,
                OnFailure::Restart => super::restart(&engine, request).await,
                OnFailure::Kill => match engine.containers.find(&target) {
                    Ok(handle) => handle.ask(|reply| Message::Signal { signal: 9, last: false, reply }).await,
                    Err(fault) => Err(fault),
                },
            };
            if let Err(fault) = done {
                tracing::error!(container = target, ?act, %fault, "nothing was done about an unhealthy container");
            }
        });
    }
}

impl Watch {
    async fn run(self) {
        loop {
            let pause = {
                let view = self.views.borrow();
                let state = view.stored.state();
                let runs_for = clock::now() - state.started_at.unwrap_or(0);
                let runs_for = Duration::from_nanos(u64::try_from(runs_for).unwrap_or(0));
                self.check.pause(state.health.as_ref().unwrap_or(&Health::default()), runs_for)
            };
            tokio::time::sleep(pause).await;
            let probe = self.probe().await;
            let Some(owner) = self.owner.upgrade() else { return };
            if owner.send(Message::Probed { run: self.run, probe }).await.is_err() {
                return;
            }
        }
    }

    async fn probe(&self) -> Probe {
        let start = clock::now();
        let (exit_code, output) = match self.execute().await {
            Ok(end) => end,
            Err(fault) => (-1, fault.message().to_owned()),
        };
        self.engine.metrics.checked(exit_code != 0);
        Probe { start, end: clock::now(), exit_code, output }
    }

    async fn execute(&self) -> Result<(i32, String)> {
        let body = ExecCreateRequest {
            cmd: self.check.command.clone(),
            attach_stdout: true,
            attach_stderr: true,
            ..ExecCreateRequest::default()
        };
        let begin = Instant::now();
        let exec = exec::create(&self.engine, ExecCreate { target: self.id.clone(), body }).await?;
        self.engine.metrics.check_started(begin.elapsed());
        let ended = self.execute_created(&exec).await;
        self.engine.execs.remove(&exec);
        ended
    }

    async fn execute_created(&self, exec: &str) -> Result<(i32, String)> {
        let request = ExecStart { id: exec.to_owned(), detach: false, tty: false, console_size: None };
        let Some(Attached { mut reader, .. }) = exec::start(&self.engine, request).await? else {
            return Ok((-1, String::new()));
        };
        let mut output = Output::default();
        if tokio::time::timeout(self.check.timeout, output.read(&mut reader)).await.is_err() {
            let kill = Request::Signal { exec: Some(exec.to_owned()), signal: 9 };
            let _ = Shim::new(self.engine.bundle(&self.id)).ask(&kill).await;
            let timeout = GoDuration(i64::try_from(self.check.timeout.as_nanos()).unwrap_or(i64::MAX));
            let printed = output.text();
            let printed = if printed.is_empty() { printed } else { format!(": {printed}") };
            return Ok((-1, format!("Health check exceeded timeout ({timeout}){printed}")));
        }
        match self.engine.execs.find(exec)?.phase {
            // It never ran: what was printed is the reason.
            Phase::Ended { pid: 0, .. } => Ok((-1, output.text().trim_end().to_owned())),
            Phase::Ended { exit_code, .. } => Ok((exit_code, output.text())),
            _ => Ok((-1, output.text())),
        }
    }
}

/// What a probe prints, cut to what is kept.
#[derive(Default)]
struct Output {
    kept: Vec<u8>,
    is_cut: bool,
}

impl Output {
    /// Reads Docker's frames to their end: a byte for the stream, three of nothing, four of the length.
    async fn read(&mut self, reader: &mut (impl AsyncRead + Unpin)) {
        let mut head = [0; 8];
        while reader.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
            let mut frame = reader.take(length.into());
            let mut block = [0; 1024];
            while let Ok(count @ 1..) = frame.read(&mut block).await {
                self.add(&block[..count]);
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = OUTPUT - self.kept.len();
        self.is_cut |= bytes.len() > room;
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        if self.is_cut { format!("{text}...") } else { text.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_joined_and_a_long_output_is_cut() {
        let frame = |bytes: &[u8]| [&[1, 0, 0, 0], &(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
        let mut output = Output::default();
        output.read(&mut [frame(b"one "), frame(b""), frame(b"two")].concat().as_slice()).await;
        assert_eq!(output.text(), "one two");
        output.read(&mut frame(&[b'x'; OUTPUT]).as_slice()).await;
        assert_eq!(output.text().len(), OUTPUT + 3);
        assert!(output.text().starts_with("one twoxxx") && output.text().ends_with("x..."));
    }
}
