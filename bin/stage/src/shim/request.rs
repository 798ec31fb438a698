//! What is asked for.

use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use oci::runtime;
use shim_proto::{Request, Response, Streams};

use super::clock;
use super::connection::Role;
use super::process::Process;
use super::refusal::{Refusal, Step};
use super::stdio::Ends;
use super::supervisor::{CONTROL, INIT, Phase, Supervisor};

/// A container that lives so long may live for months with nothing to do for us; a shorter one is not worth the trouble.
const BUSY_START: Duration = Duration::from_secs(1);

/// Whether a socket is the one that holds this port.
fn is_bound(socket: &OwnedFd, address: SocketAddrV4, udp: bool) -> bool {
    use rustix::net::{SocketType, getsockname, sockopt::socket_type};
    let kind = if udp { SocketType::DGRAM } else { SocketType::STREAM };
    let bound = getsockname(socket).ok().and_then(|bound| SocketAddrV4::try_from(bound).ok());
    socket_type(socket) == Ok(kind) && bound == Some(address)
}

impl Supervisor {
    /// Meets one request, or says why not.
    pub(super) fn request(&mut self, number: u32, request: Request) {
        if number == CONTROL {
            return self.control(&request);
        }
        let result = match request {
            Request::Start => Err(Refusal::invalid("start: only on the control socket")),
            Request::Attach { exec, streams } => self.attach(number, exec.as_deref(), streams),
            Request::Exec { exec, process, streams } => self.exec(number, exec, &process, streams),
            Request::Wait { exec } => self.wait(number, exec.as_deref()),
            Request::Signal { exec, signal } => {
                self.process(exec.as_deref()).and_then(|process| process.signal(signal)).map(|()| self.done(number))
            }
            Request::Resize { exec, rows, columns } => {
                let result = self.process(exec.as_deref()).and_then(|process| process.resize(rows, columns));
                result.map(|()| self.done(number))
            }
            Request::Release { ip, port, udp } => {
                self.parts.held.retain(|socket| !is_bound(socket, SocketAddrV4::new(ip, port), udp));
                self.done(number);
                Ok(())
            }
            Request::State => {
                let state = self.parts.state.clone();
                self.answer(number, &Response::State { state });
                Ok(())
            }
        };
        if let Err(refusal) = result {
            self.answer(number, &refusal.into());
        }
    }

    /// The control connection is for one request alone, and stays open after its answer.
    fn control(&mut self, request: &Request) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Waiting(waiting) if matches!(request, Request::Start) => self.start(waiting),
            phase => {
                self.phase = phase;
                let refusal = Refusal::invalid("control socket: only start is served here, and only once");
                self.respond(CONTROL, &refusal.into());
            }
        }
    }

    /// Opens the gate.
    fn start(&mut self, waiting: super::backend::Waiting) {
        // Taken before anything can be printed, so that no line of the log is older than the start.
        let started_at = clock::now();
        match waiting.start() {
            Ok(running) => {
                self.phase = Phase::Running(running);
                self.started(started_at);
            }
            Err(refusal) => self.fail(refusal),
        }
    }

    fn started(&mut self, started_at: i64) {
        self.parts.state.started_at = Some(started_at);
        let written = self.parts.bundle.write_state(&self.parts.state);
        self.note("tell that the container was started", written);
        if let Some(init) = self.processes.get_mut(&INIT) {
            init.started_at = Some(started_at);
            let pid = init.pid;
            self.respond(CONTROL, &Response::Started { pid, started_at });
        }
        self.tidy_at = Some(Instant::now() + BUSY_START);
    }

    /// Joins a connection with a process. What is printed from now on comes after the answer.
    fn attach(&mut self, number: u32, exec: Option<&str>, streams: Streams) -> Result<(), Refusal> {
        let process = self.find(exec)?;
        if streams.any() {
            self.respond(number, &Response::Ok);
            self.join(number, process, streams);
        } else {
            self.done(number);
        }
        Ok(())
    }

    fn join(&mut self, client: u32, number: u32, streams: Streams) {
        if let Some(connection) = self.connections.get_mut(&client) {
            connection.role = Role::Attached(number, streams);
        }
        if let Some(process) = self.processes.get_mut(&number) {
            process.clients.push(client);
        }
        self.balance(number);
    }

    /// Runs a further process.
    fn exec(&mut self, client: u32, name: String, process: &runtime::Process, streams: Streams) -> Result<(), Refusal> {
        let Phase::Running(running) = &self.phase else {
            return Err(Refusal::no_such_process("exec: the container is not running"));
        };
        if self.processes.values().any(|process| process.name.as_ref() == Some(&name)) {
            return Err(Refusal::invalid(format!("exec: there is an exec {name} already")));
        }
        let (ends, io) = if process.terminal {
            (Ends::default(), ::runtime::Io::Terminal)
        } else {
            Ends::pipes(streams).step("exec: make pipes")?
        };
        let started_at = clock::now();
        let born = running.exec(process, io)?;
        let pid = born.pid;
        let ends = match born.console {
            Some(console) => Ends::terminal(console, streams.stdin).step("exec: set up the terminal")?,
            None => ends,
        };
        let number = self.next_number();
        let mut process = Process::new(number, Some(name), pid, born.pidfd, process.terminal, ends);
        process.started_at = Some(started_at);
        self.processes.insert(number, process);
        self.exec_started(client, number, streams, &Response::Started { pid, started_at });
        Ok(())
    }

    fn exec_started(&mut self, client: u32, number: u32, streams: Streams, started: &Response) {
        if streams.any() {
            self.respond(client, started);
            self.join(client, number, streams);
        } else {
            self.answer(client, started);
            self.balance(number);
        }
    }

    /// Answers when the process has ended.
    fn wait(&mut self, client: u32, exec: Option<&str>) -> Result<(), Refusal> {
        let over = matches!(self.phase, Phase::Over);
        let known = self.processes.iter_mut().find(|(_, process)| process.name.as_deref() == exec);
        let record = match known {
            Some((_, process)) if process.ended.is_none() && !over => {
                process.waiters.push(client);
                if let Some(connection) = self.connections.get_mut(&client) {
                    connection.role = Role::Answered;
                }
                return Ok(());
            }
            Some((_, process)) => process.ended.clone(),
            None => self.past.iter().rev().find(|(name, _)| Some(&**name) == exec).map(|(_, record)| record.clone()),
        };
        let record = record.ok_or_else(|| unknown(exec))?;
        self.answer(client, &Response::Exited { record });
        Ok(())
    }

    fn done(&mut self, number: u32) {
        self.answer(number, &Response::Ok);
    }

    /// The number of a living process.
    fn find(&self, exec: Option<&str>) -> Result<u32, Refusal> {
        let mut living = self.processes.iter().filter(|(_, process)| process.ended.is_none());
        let found = living.find(|(_, process)| process.name.as_deref() == exec);
        found.map(|(&number, _)| number).ok_or_else(|| unknown(exec))
    }

    fn process(&self, exec: Option<&str>) -> Result<&Process, Refusal> {
        let number = self.find(exec)?;
        self.processes.get(&number).ok_or_else(|| unknown(exec))
    }
}

fn unknown(exec: Option<&str>) -> Refusal {
    Refusal::no_such_process(match exec {
        Some(exec) => format!("exec {exec} does not exist, or has ended"),
        None => "the container has ended".to_owned(),
    })
}
