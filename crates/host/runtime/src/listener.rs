//! Who decides the calls that a filter does not: the agent behind `linux.seccomp.listenerPath`.
//!
//! The container's process cannot hand the filter's descriptor over itself, since the filter is in force by then. It says
//! the descriptor's number, and the other end of its channel takes a copy (pidfd_getfd(2)) and sends that with the state
//! to the agent: runtime-spec, "The Container Process State".

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use oci::runtime::Spec;
use oci::state::{State, Status};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};
use serde::Serialize;

use crate::Error;
use crate::error::Step;
use crate::process::message::{Channel, Message};

/// The action that asks for an agent.
const NOTIFY: &str = "SCMP_ACT_NOTIFY";

/// Where the agent of a container is, and what it is told.
#[derive(Clone, Debug)]
pub struct Listener {
    path: PathBuf,
    metadata: String,
    state: State,
}

/// What the agent is told with a descriptor.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessState<'a> {
    oci_version: &'a str,
    fds: [&'static str; 1],
    pid: i32,
    #[serde(skip_serializing_if = "str::is_empty")]
    metadata: &'a str,
    state: &'a State,
}

/// Refuses a profile that asks an agent, and names none.
pub(crate) fn check(spec: &Spec) -> Result<(), Error> {
    let Some(seccomp) = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref()) else { return Ok(()) };
    let asks = seccomp.syscalls.iter().any(|rule| rule.action == NOTIFY);
    match (&seccomp.listener_path, asks) {
        (None, true) => Err(Error::invalid(format!("seccomp profile: {NOTIFY} needs a listenerPath"))),
        (Some(path), true) if !path.is_absolute() => {
            Err(Error::invalid(format!("seccomp profile: listenerPath {path:?} is not absolute")))
        }
        _ => Ok(()),
    }
}

impl Listener {
    /// The agent of a specification, where its profile asks one.
    pub fn of(spec: &Spec, id: &str, bundle: &Path, status: Status) -> Option<Self> {
        let seccomp = spec.linux.as_ref()?.seccomp.as_ref()?;
        seccomp.syscalls.iter().find(|rule| rule.action == NOTIFY)?;
        let state = State {
            oci_version: oci::state::VERSION.to_owned(),
            id: id.to_owned(),
            status,
            pid: None,
            bundle: bundle.to_owned(),
            annotations: spec.annotations.clone(),
        };
        let metadata = seccomp.listener_metadata.clone().unwrap_or_default();
        Some(Self { path: seccomp.listener_path.clone()?, metadata, state })
    }

    /// Takes the filter's descriptor from a process and sends it to the agent; `init` is the container's PID 1.
    pub(crate) fn hand_over(
        &self,
        channel: &Channel,
        (pid, pidfd): (i32, BorrowedFd<'_>),
        init: i32,
        number: i32,
    ) -> Result<(), Error> {
        let step = || format!("hand the seccomp descriptor to `{}`", self.path.display());
        let fd = pidfd_getfd(pidfd, number, PidfdGetfdFlags::empty()).step(step())?;
        let agent = UnixStream::connect(&self.path).step(step())?;
        let (state, oci_version) = (State { pid: Some(init), ..self.state.clone() }, oci::state::VERSION);
        let told = ProcessState { oci_version, fds: ["seccompFd"], pid, metadata: &self.metadata, state: &state };
        let text = serde_json::to_vec(&told).map_err(|error| Error::system(format!("{}: {error}", step())))?;
        let fds = [fd.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&fds));
        let sent = sendmsg(&agent, &[IoSlice::new(&text)], &mut control, SendFlags::NOSIGNAL).step(step())?;
        if sent < text.len() {
            return Err(Error::system(format!("{}: it took {sent} of {} bytes", step(), text.len())));
        }
        channel.send(&Message::Go)
    }
}
