//! The loop.

use std::io;
use std::time::Instant;

use logdriver::Stream;
use shim_proto::Request;

use super::connection::{Connection, Role};
use super::inbox::Received;
use super::poll::{Interest, Token};
use super::process::Printed;
use super::supervisor::{CONTROL, Phase, Supervisor};

/// No more connections at the same time; further ones wait until one is closed.
const CONNECTIONS: usize = 1024;

impl Supervisor {
    /// Serves until the container has ended and everybody was told.
    pub(super) fn serve(&mut self) -> u8 {
        while !self.is_done() {
            match self.parts.poller.wait(self.timeout()) {
                Ok(events) => events.into_iter().for_each(|(token, flags)| self.handle(token, flags)),
                Err(error) => {
                    // Nothing can be waited for any more. The container goes on without us.
                    self.complain(format_args!("wait for events: {error}"));
                    return 1;
                }
            }
            self.expire();
        }
        0
    }

    fn is_done(&self) -> bool {
        let late = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
        matches!(self.phase, Phase::Over) && (self.connections.is_empty() || late)
    }

    /// Until the next thing that happens by itself.
    fn timeout(&self) -> Option<std::time::Duration> {
        let deadlines = self.processes.values().filter_map(|process| process.deadline);
        deadlines
            .chain(self.deadline)
            .chain(self.tidy_at)
            .min()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn handle(&mut self, token: Token, flags: Interest) {
        match token {
            Token::Signals => self.on_signal(),
            Token::Listener => self.on_connect(),
            Token::Connection(number) => self.on_connection(number, flags),
            Token::Stdout(number) => self.on_output(number, Stream::Stdout),
            Token::Stderr(number) => self.on_output(number, Stream::Stderr),
            Token::Stdin(number) => self.on_input_taken(number),
        }
    }

    /// The only signal that reaches us says that a child has ended; how many have, it does not.
    fn on_signal(&mut self) {
        while let Ok(Some(_)) = self.parts.signals.next() {}
        self.reap();
    }

    fn on_connect(&mut self) {
        if self.connections.len() >= CONNECTIONS {
            self.turn_away();
        } else {
            self.accept();
        }
    }

    /// Takes one connection; false when there is none, or none can be taken.
    pub(super) fn accept(&mut self) -> bool {
        let Some(listener) = &self.listener else { return false };
        match listener.accept() {
            Ok((socket, _)) => {
                let number = self.next_number();
                match Connection::new(number, socket, Role::Request) {
                    Ok(connection) => drop(self.connections.insert(number, connection)),
                    Err(error) => self.complain(format_args!("take a connection: {error}")),
                }
                self.settle(number);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => true,
            // No descriptors left, most likely: until one is closed there is no use in trying again.
            Err(error) => {
                self.complain(format_args!("take a connection: {error}"));
                self.turn_away();
                false
            }
        }
    }

    /// Stops taking connections. One that holds a place without saying what it wants makes room.
    fn turn_away(&mut self) {
        if let Some(listener) = &self.listener {
            let result = self.listening.set(&self.parts.poller, listener, None);
            self.note("watch the socket", result);
        }
        let idle = self.connections.iter().find(|(_, connection)| connection.role == Role::Request);
        if let Some((&number, _)) = idle {
            self.hang_up(number);
        }
    }

    fn hang_up(&mut self, number: u32) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.hang_up();
            connection.close();
        }
        self.settle(number);
    }

    fn on_connection(&mut self, number: u32, flags: Interest) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if flags.contains(Interest::OUT) {
            connection.flush();
        }
        if flags.intersects(Interest::HUP | Interest::ERR) {
            connection.hang_up();
        }
        match connection.role {
            Role::Control | Role::Request => self.on_request(number),
            Role::Attached(process, streams) => {
                if streams.stdin && flags.intersects(Interest::IN | Interest::HUP) {
                    self.pump_input(number, process);
                }
            }
            Role::Answered => {}
        }
        self.settle(number);
    }

    pub(super) fn on_request(&mut self, number: u32) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        match connection.receive() {
            Ok(Received::Frame(frame)) => match shim_proto::decode::<Request>(&frame) {
                Ok(request) => self.request(number, request),
                Err(error) => self.on_nonsense(number, &error),
            },
            Ok(Received::Nothing) => {}
            Ok(Received::End) => self.on_lost(number),
            Err(error) => self.on_nonsense(number, &error),
        }
    }

    /// Who cannot be understood is told so. A daemon that cannot be understood is gone as far as we are concerned.
    fn on_nonsense(&mut self, number: u32, error: &io::Error) {
        self.answer(number, &super::refusal::Refusal::invalid(error.to_string()).into());
        if number == CONTROL {
            self.on_lost(CONTROL);
        }
    }

    /// Before the start, the daemon's end is the container's; later it is nothing.
    fn on_lost(&mut self, number: u32) {
        if number == CONTROL && matches!(self.phase, Phase::Waiting(_)) {
            self.take_back();
        }
        self.hang_up(number);
    }

    fn on_output(&mut self, number: u32, stream: Stream) {
        let printed = self.pump(number, stream);
        self.balance(number);
        if matches!(printed, Printed::End) {
            self.finish_if_silent(number);
        }
    }

    fn on_input_taken(&mut self, number: u32) {
        if let Some(process) = self.processes.get_mut(&number) {
            process.flush();
        }
        self.balance(number);
    }
}
