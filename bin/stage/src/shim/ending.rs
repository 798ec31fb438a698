//! What happens when processes end.
//!
//! For PID 1, in this order: its last words, the log's end, the exit record, and only then is anybody told; then its
//! control groups go. That nothing is left is seen by the control connection and the answered ones being closed.

use std::time::{Duration, Instant};

use logdriver::Stream;
use rustix::process::{WaitOptions, WaitStatus};
use shim_proto::{ExitRecord, Response};

use super::backend::Running;
use super::clock;
use super::connection::Role;
use super::process::Printed;
use super::refusal::Refusal;
use super::supervisor::{CONTROL, INIT, Phase, Supervisor};

/// How long the output of an ended exec is awaited while others hold its streams open: Docker's time.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long clients get for taking what is theirs.
const LINGER: Duration = Duration::from_secs(600);
/// An ended process's streams are read to their end, but not further than this, in bytes: somebody else may hold them
/// and go on writing.
const REST: usize = 16 << 20;

impl Supervisor {
    /// Buries the dead: ours, and orphans that were given to us.
    pub(super) fn reap(&mut self) {
        let mut init = None;
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            let pid = pid.as_raw_nonzero().get();
            let mut living = self.processes.iter().filter(|(_, process)| process.ended.is_none());
            match living.find(|(_, process)| process.pid == pid).map(|(&number, _)| number) {
                Some(INIT) => init = Some(exit_code(status)),
                Some(number) => self.exec_ended(number, exit_code(status)),
                None => {}
            }
        }
        if let Some(code) = init {
            self.init_ended(code);
        }
    }

    fn exec_ended(&mut self, number: u32, exit_code: i32) {
        let Some(record) = self.end(number, exit_code, false) else { return };
        let Some(process) = self.processes.get_mut(&number) else { return };
        process.deadline = Some(Instant::now() + LAST_WORDS);
        let name = process.name.clone().unwrap_or_default();
        let waiters = std::mem::take(&mut process.waiters);
        self.remember(name, record.clone());
        for waiter in waiters {
            self.answer(waiter, &Response::Exited { record: record.clone() });
        }
        self.drain(number);
        self.balance(number);
        self.finish_if_silent(number);
    }

    /// Writes down how a process ended.
    fn end(&mut self, number: u32, exit_code: i32, oom_killed: bool) -> Option<ExitRecord> {
        let process = self.processes.get_mut(&number)?;
        let started_at = process.started_at;
        let record = ExitRecord { exit_code, oom_killed, exited_at: clock::now(), started_at, error: None };
        process.ended = Some(record.clone());
        Some(record)
    }

    /// Reads what a process has left in its streams.
    fn drain(&mut self, number: u32) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let mut total = 0;
            while let Printed::Some(count) = self.pump(number, stream) {
                total += count;
                if total > REST {
                    break;
                }
            }
        }
    }

    /// Lets go of an ended exec whose streams have ended too.
    pub(super) fn finish_if_silent(&mut self, number: u32) {
        let process = self.processes.get(&number).filter(|_| number != INIT);
        if process.is_some_and(|process| process.ended.is_some() && !process.has_output()) {
            self.finish(number);
        }
    }

    fn finish(&mut self, number: u32) {
        let Some(process) = self.processes.remove(&number) else { return };
        for client in process.clients {
            if let Some(connection) = self.connections.get_mut(&client) {
                connection.close();
            }
            self.settle(client);
        }
        self.welcome();
    }

    /// Does what has become due.
    pub(super) fn expire(&mut self) {
        let now = Instant::now();
        let due = |process: &super::process::Process| process.deadline.is_some_and(|deadline| deadline <= now);
        let due: Vec<_> =
            self.processes.iter().filter(|(_, process)| due(process)).map(|(&number, _)| number).collect();
        for number in due {
            self.drain(number);
            self.finish(number);
        }
        if self.tidy_at.is_some_and(|tidy_at| tidy_at <= now) {
            self.tidy_at = None;
            sys::memory::shrink();
        }
    }

    fn init_ended(&mut self, code: i32) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Running(running) => self.over(running, code),
            Phase::Waiting(waiting) => {
                let destroyed = waiting.destroy();
                self.note("destroy the container", destroyed);
                self.fail(Refusal::system("start: the container's first process was killed before it was started"));
            }
            Phase::Over => {}
        }
    }

    fn over(&mut self, running: Running, code: i32) {
        let oom_killed = running.was_oom_killed();
        // With PID 1 of a PID namespace all others in it are dead; else they have to be made so.
        let running = if self.parts.own_pids { Some(running) } else { self.destroy(Some(running)) };
        self.drain(INIT);
        if let Some(log) = &mut self.parts.log {
            log.finish(clock::now());
        }
        self.report_log();
        if let Some(record) = self.end(INIT, code, oom_killed) {
            self.parts.bundle.write_exit(&self.parts.exit, &record);
            self.tell_all(&Response::Exited { record });
        }
        self.finish_execs();
        self.destroy(running);
        self.close_all();
    }

    /// Removes the control groups and kills what is left in them.
    fn destroy(&mut self, running: Option<Running>) -> Option<Running> {
        let destroyed = running.map_or(Ok(()), Running::destroy);
        self.note("destroy the container", destroyed);
        self.reap();
        None
    }

    /// All execs have ended with PID 1.
    fn finish_execs(&mut self) {
        const KILLED: i32 = 128 + 9;
        let execs: Vec<_> = self.processes.keys().copied().filter(|&number| number != INIT).collect();
        for number in execs {
            if self.processes.get(&number).is_some_and(|process| process.ended.is_none()) {
                self.exec_ended(number, KILLED);
            }
            self.drain(number);
            self.finish(number);
        }
    }

    /// Tells who waits for PID 1, and the daemon.
    fn tell_all(&mut self, response: &Response) {
        let waiters = self.processes.get_mut(&INIT).map(|init| std::mem::take(&mut init.waiters)).unwrap_or_default();
        for number in waiters.into_iter().chain([CONTROL]) {
            self.respond(number, response);
        }
    }

    /// The container could not be started, and nothing is left of it.
    pub(super) fn fail(&mut self, refusal: Refusal) {
        self.tell_all(&refusal.into());
        self.close_all();
    }

    /// The daemon has gone before it started the container.
    pub(super) fn take_back(&mut self) {
        if let Phase::Waiting(waiting) = std::mem::replace(&mut self.phase, Phase::Over) {
            let destroyed = waiting.destroy();
            self.note("destroy the container", destroyed);
        }
        self.fail(Refusal::system("the daemon has gone before it started the container"));
    }

    /// Serves nobody any more but those who have asked already. Who has something to get gets it.
    fn close_all(&mut self) {
        let removed = self.parts.bundle.remove_socket();
        self.note("remove the socket", removed);
        while self.accept() {}
        self.listener = None;
        self.deadline = Some(Instant::now() + LINGER);
        self.tidy_at = None;
        let numbers: Vec<_> = self.connections.keys().copied().collect();
        for number in numbers {
            if self.has_role(number, Role::Request) {
                self.on_request(number);
            }
            let silent = self.has_role(number, Role::Request);
            if let Some(connection) = self.connections.get_mut(&number) {
                if silent {
                    connection.hang_up();
                }
                connection.close();
            }
            self.settle(number);
        }
    }

    fn has_role(&self, number: u32, role: Role) -> bool {
        self.connections.get(&number).is_some_and(|connection| connection.role == role)
    }
}

/// As a shell gives it.
fn exit_code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(255)
}
