//! From orders to a container that waits at the gate.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use logdriver::Writer;
use oci::runtime::Spec;
use shim_proto::{Launch, LogFile, Process as Identity, Response, State, Streams};
use sys::signalfd::{SignalFd, number};

use super::backend::{self, Born, Waiting};
use super::bundle::Bundle;
use super::poll::Poller;
use super::process::Process;
use super::refusal::{Refusal, Step};
use super::stdio::Ends;
use super::supervisor::{INIT, Parts, Supervisor};

/// A supervisor is not ended by what ends its session, its terminal or its daemon; only by the end of its container.
const IGNORED: [i32; 6] = [number::HUP, number::INT, number::QUIT, number::PIPE, number::ALRM, number::TERM];

/// Does all that comes before serving; tells the daemon where it fails.
pub(super) fn prepare(bundle: PathBuf) -> Option<Supervisor> {
    let bundle = Bundle::new(bundle);
    let complaints = bundle.clone();
    std::panic::set_hook(Box::new(move |panic| complaints.complain(panic)));
    let mut control = match take_control() {
        Ok(control) => control,
        Err(error) => {
            bundle.complain(format_args!("take the control socket: {error}"));
            return None;
        }
    };
    match try_prepare(&bundle, &control) {
        Ok(supervisor) => Some(supervisor),
        Err(refusal) => {
            // A daemon that is gone by now does not want to know.
            let _ = shim_proto::send(&mut control, &Response::from(refusal));
            None
        }
    }
}

/// Standard input is the control socket; from then on it is nothing, as are output and errors.
fn take_control() -> io::Result<UnixStream> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    control.peer_addr()?;
    Ok(control)
}

fn try_prepare(bundle: &Bundle, control: &UnixStream) -> Result<Supervisor, Refusal> {
    let mut launch = bundle.launch()?;
    let (netns, held) = inherited(&launch)?;
    let signals = detach()?;
    let spec = bundle.spec()?;
    let log = launch.log.take().map(open_log).transpose()?;
    let terminal = spec.process.as_ref().is_some_and(|process| process.terminal);
    let (ends, io) = streams(terminal, launch.open_stdin)?;
    let mut waiting = backend::create(&spec, bundle.path(), &launch, io, netns)?;
    waiting.warnings().iter().for_each(|warning| bundle.complain(warning));
    let rest = || {
        let (init, state) = born(&mut waiting, &launch, terminal, ends)?;
        let (listener, control) = (bundle.listen()?, control.try_clone().step("copy the control socket")?);
        bundle.write_state(&state)?;
        let poller = Poller::new().step("make an epoll")?;
        let own_pids = has_own_pids(&spec);
        let (bundle, exit) = (bundle.clone(), launch.exit.clone());
        Ok((Parts { bundle, exit, own_pids, state, log, held, poller, signals }, init, listener, control))
    };
    match rest() {
        Ok((parts, init, listener, control)) => {
            Supervisor::new(parts, waiting, init, listener, control).step("watch the streams")
        }
        Err(refusal) => {
            // The refusal is what counts.
            let _ = bundle.remove_socket();
            let _ = waiting.destroy();
            Err(refusal)
        }
    }
}

/// PID 1 as we see it, and what the bundle says of it.
fn born(waiting: &mut Waiting, launch: &Launch, terminal: bool, ends: Ends) -> Result<(Process, State), Refusal> {
    let Born { pid, pidfd, console } = waiting.init().step("copy a pidfd")?;
    let ends = match console {
        Some(console) => Ends::terminal(console, launch.open_stdin).step("set up the terminal")?,
        None => ends,
    };
    let state = State {
        version: shim_proto::VERSION,
        shim: identity(rustix::process::getpid().as_raw_nonzero().get())?,
        init: identity(pid)?,
        started_at: None,
        cgroups: waiting.cgroups().to_vec(),
    };
    let mut init = Process::new(INIT, None, pid, pidfd, terminal, ends);
    init.stdin_once = launch.stdin_once;
    Ok((init, state))
}

/// The descriptors that the daemon has left open for us: the network namespace, and those that are only held.
fn inherited(launch: &Launch) -> Result<(Option<OwnedFd>, Vec<OwnedFd>), Refusal> {
    let take = |number| sys::inherited::take(number).step(format_args!("take over descriptor {number}"));
    let netns = launch.netns_fd.map(take).transpose()?;
    let held = launch.hold_fds.iter().map(|&number| take(number)).collect::<Result<_, _>>()?;
    Ok((netns, held))
}

/// Out of the daemon's session, adopting orphans, deaf to signals but for the end of children.
fn detach() -> Result<SignalFd, Refusal> {
    // Fails only where we lead a session already, as the daemon has it done.
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).step("become a subreaper")?;
    let _ = rustix::thread::set_name(c"gantry-shim");
    sys::signalfd::ignore(IGNORED).step("ignore signals")?;
    SignalFd::new([number::CHLD]).step("make a signalfd")
}

fn open_log(log: LogFile) -> Result<Writer, Refusal> {
    let LogFile { path, max_size, max_files, first_number, attrs } = log;
    let step = format!("open the log {}", path.display());
    Writer::open(logdriver::Config { path, max_size, max_files, first_number, attrs }).step(step)
}

/// Both ends of PID 1's streams. A terminal's are made by the back end.
fn streams(terminal: bool, open_stdin: bool) -> Result<(Ends, runtime::Io), Refusal> {
    if terminal {
        return Ok((Ends::default(), runtime::Io::Terminal));
    }
    Ends::pipes(Streams { stdin: open_stdin, stdout: true, stderr: true }).step("make pipes")
}

/// The process with its start time, from field 22 of its stat file; the second field may hold anything but ends with
/// the last parenthesis.
fn identity(pid: i32) -> Result<Identity, Refusal> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).step(format_args!("read the state of {pid}"))?;
    let start_time = stat.rsplit_once(')').and_then(|(_, fields)| fields.split_whitespace().nth(19)?.parse().ok());
    let start_time = start_time.ok_or_else(|| Refusal::system(format!("read the state of {pid}: no start time")))?;
    Ok(Identity { pid, start_time })
}

/// Whether PID 1 has a PID namespace of its own, so that nothing in the container survives it.
fn has_own_pids(spec: &Spec) -> bool {
    let mut namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    namespaces.any(|namespace| namespace.kind == "pid" && namespace.path.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_its_successors() {
        let own = identity(std::process::id() as i32).unwrap();
        assert!(own.start_time > 0);
        assert_eq!(identity(own.pid).unwrap(), own);
        assert!(identity(-1).is_err());
    }
}
