//! Everything that the shim knows, and the small steps that several of its duties share.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Instant;

use logdriver::{Stream, Trouble, Writer};
use shim_proto::{ExitPlan, ExitRecord, Response, State};
use sys::signalfd::SignalFd;

use super::backend::{Running, Waiting};
use super::bundle::Bundle;
use super::clock;
use super::connection::{Connection, Role};
use super::poll::{Interest, Poller, Token, Watch};
use super::process::{Printed, Process};

/// The number of PID 1.
pub(super) const INIT: u32 = 0;
/// The number of the control connection.
pub(super) const CONTROL: u32 = 0;

/// So much is read from a process or a client at once, in bytes. A pipe holds a quarter of it; but from this size on an
/// allocation is a mapping of its own, of which only the pages that were ever used take memory.
const BUFFER: usize = 256 << 10;
/// Of so many ended execs the exit is remembered.
const REMEMBERED: usize = 256;

/// How far the container is.
#[derive(Debug)]
pub(super) enum Phase {
    Waiting(Waiting),
    Running(Running),
    /// PID 1 has ended, or never ran.
    Over,
}

/// What the loop turns around.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) parts: Parts,
    pub(super) phase: Phase,
    pub(super) listener: Option<UnixListener>,
    pub(super) listening: Watch,
    pub(super) processes: BTreeMap<u32, Process>,
    pub(super) connections: BTreeMap<u32, Connection>,
    /// The ended execs, the oldest first.
    pub(super) past: VecDeque<(String, ExitRecord)>,
    /// When to leave clients behind that do not take what is theirs.
    pub(super) deadline: Option<Instant>,
    /// When to give back the memory that only the start needed.
    pub(super) tidy_at: Option<Instant>,
    /// The last number given to an exec or a connection.
    numbers: u32,
    buffer: Vec<u8>,
}

/// What a supervisor is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) bundle: Bundle,
    pub(super) exit: ExitPlan,
    /// Whether PID 1 is that of a PID namespace, so that nothing in the container survives it.
    pub(super) own_pids: bool,
    pub(super) state: State,
    pub(super) log: Option<Writer>,
    /// Kept from being closed: they hold ports of the host.
    pub(super) held: Vec<OwnedFd>,
    pub(super) poller: Poller,
    pub(super) signals: SignalFd,
}

impl Supervisor {
    pub(super) fn new(
        parts: Parts,
        waiting: Waiting,
        init: Process,
        listener: UnixListener,
        control: UnixStream,
    ) -> io::Result<Self> {
        let mut listening = Watch::new(Token::Listener);
        listening.set(&parts.poller, &listener, Some(Interest::IN))?;
        Watch::new(Token::Signals).set(&parts.poller, &parts.signals, Some(Interest::IN))?;
        let mut control = Connection::new(CONTROL, control, Role::Control)?;
        control.respond(&Response::Created { pid: init.pid });
        let mut supervisor = Self {
            parts,
            phase: Phase::Waiting(waiting),
            listener: Some(listener),
            listening,
            processes: BTreeMap::from([(INIT, init)]),
            connections: BTreeMap::from([(CONTROL, control)]),
            past: VecDeque::new(),
            deadline: None,
            tidy_at: None,
            numbers: 0,
            buffer: vec![0; BUFFER],
        };
        supervisor.balance(INIT);
        supervisor.settle(CONTROL);
        Ok(supervisor)
    }

    /// A number that was never given before; there are enough for a new one every second for a century.
    pub(super) fn next_number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn complain(&self, what: impl std::fmt::Display) {
        self.parts.bundle.complain(what);
    }

    /// Complains about what should not fail.
    pub(super) fn note<E: std::fmt::Display>(&self, step: &str, result: Result<(), E>) {
        if let Err(error) = result {
            self.complain(format_args!("{step}: {error}"));
        }
    }

    /// Reads once what a process has printed and passes it on.
    pub(super) fn pump(&mut self, number: u32, stream: Stream) -> Printed {
        let Some(process) = self.processes.get_mut(&number) else { return Printed::End };
        let printed = process.read(&self.parts.poller, stream, &mut self.buffer);
        if let Printed::Some(count) = printed {
            self.pass_on(number, stream, count);
        }
        printed
    }

    /// What stands in the buffer goes to the log, where it comes from PID 1, and to the clients.
    fn pass_on(&mut self, number: u32, stream: Stream, count: usize) {
        let bytes = &self.buffer[..count];
        if let (INIT, Some(log)) = (number, &mut self.parts.log) {
            log.write(stream, bytes, clock::now());
        }
        if let Some(process) = self.processes.get(&number) {
            for client in &process.clients {
                if let Some(connection) = self.connections.get_mut(client) {
                    connection.print(stream, process.terminal, bytes);
                }
            }
        }
        self.report_log();
    }

    pub(super) fn report_log(&mut self) {
        for trouble in self.parts.log.as_mut().map(Writer::troubles).unwrap_or_default() {
            match trouble {
                Trouble::Began(error) => self.complain(format_args!("write the log: {error}; lines are lost")),
                Trouble::Over { lost } => {
                    self.complain(format_args!("the log is written again; {lost} lines are lost"))
                }
            }
        }
    }

    /// Reads a piece of a client's input and passes it on; false when there is no more for now.
    pub(super) fn pump_input(&mut self, client: u32, number: u32) -> bool {
        let Some(connection) = self.connections.get_mut(&client) else { return false };
        let count = connection.read(&mut self.buffer);
        let ended = !connection.is_open();
        if let Some(process) = self.processes.get_mut(&number) {
            if let Some(count) = count {
                process.write(&self.buffer[..count]);
            }
            if ended {
                process.end_input();
            }
        }
        count.is_some()
    }

    /// Lets nobody run ahead: a process waits for its slowest client, and its clients wait for it to read.
    pub(super) fn balance(&mut self, number: u32) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        let slow = process.clients.iter().any(|client| self.connections.get(client).is_some_and(Connection::is_slow));
        let mut result = process.watch_output(&self.parts.poller, !slow);
        result = result.and(process.watch_input(&self.parts.poller));
        let full = process.is_input_full();
        for client in &process.clients {
            if let Some(connection) = self.connections.get_mut(client) {
                connection.hold_back(full);
                result = result.and(connection.watch(&self.parts.poller));
            }
        }
        self.note("watch streams", result);
    }

    /// After something has happened on a connection: closes it where it is done, or else waits for more.
    pub(super) fn settle(&mut self, number: u32) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let role = connection.role;
        if !connection.is_done() {
            let result = connection.watch(&self.parts.poller);
            self.note("watch a connection", result);
        } else {
            connection.turn_a_deaf_ear(&mut self.buffer);
            self.connections.remove(&number);
            self.leave(number, role);
        }
        if let Role::Attached(process, _) = role {
            self.balance(process);
        }
    }

    /// Takes a closed connection off everybody's lists.
    fn leave(&mut self, number: u32, role: Role) {
        for process in self.processes.values_mut() {
            process.clients.retain(|&client| client != number);
            process.waiters.retain(|&waiter| waiter != number);
        }
        if let Role::Attached(process, streams) = role
            && streams.stdin
            && let Some(process) = self.processes.get_mut(&process)
        {
            process.end_input();
        }
        self.welcome();
    }

    /// Takes new connections again, where they had to wait for room.
    pub(super) fn welcome(&mut self) {
        if let Some(listener) = &self.listener {
            let result = self.listening.set(&self.parts.poller, listener, Some(Interest::IN));
            self.note("watch the socket", result);
        }
    }

    pub(super) fn respond(&mut self, number: u32, response: &Response) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.respond(response);
        }
    }

    /// Answers, and closes the connection.
    pub(super) fn answer(&mut self, number: u32, response: &Response) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.role = Role::Answered;
            connection.respond(response);
            connection.close();
        }
        self.settle(number);
    }

    pub(super) fn remember(&mut self, name: String, record: ExitRecord) {
        if self.past.len() == REMEMBERED {
            self.past.pop_front();
        }
        self.past.push_back((name, record));
    }
}
