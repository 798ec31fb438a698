//! PID 1 or an exec: its streams, and who is interested in it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use logdriver::Stream;
use rustix::io::Errno;
use rustix::termios::Winsize;
use shim_proto::ExitRecord;

use super::outbox::Outbox;
use super::poll::{Interest, Poller, Token, Watch};
use super::refusal::{Refusal, Step};
use super::stdio::Ends;

/// One process of the container.
#[derive(Debug)]
pub(crate) struct Process {
    /// The exec's name; `None` is PID 1.
    pub(crate) name: Option<String>,
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    /// Nanoseconds since 1970.
    pub(crate) started_at: Option<i64>,
    /// Whether its output comes from a terminal.
    pub(crate) terminal: bool,
    /// Whether its standard input ends with that of the first client that has some.
    pub(crate) stdin_once: bool,
    /// Connections that are joined with its streams.
    pub(crate) clients: Vec<u32>,
    /// Connections that wait for its end.
    pub(crate) waiters: Vec<u32>,
    /// How it ended.
    pub(crate) ended: Option<ExitRecord>,
    /// How long its output is awaited after its end.
    pub(crate) deadline: Option<Instant>,
    stdout: Option<Output>,
    stderr: Option<Output>,
    stdin: Option<Input>,
}

#[derive(Debug)]
struct Output {
    fd: OwnedFd,
    watch: Watch,
}

#[derive(Debug)]
struct Input {
    fd: OwnedFd,
    outbox: Outbox,
    watch: Watch,
    /// Whether it is closed when all is written.
    closing: bool,
}

/// What reading an output gave.
pub(crate) enum Printed {
    /// That many bytes.
    Some(usize),
    /// Nothing for now.
    Nothing,
    /// It has ended.
    End,
}

impl Process {
    pub(crate) fn new(number: u32, name: Option<String>, pid: i32, pidfd: OwnedFd, terminal: bool, ends: Ends) -> Self {
        let output = |fd: OwnedFd, token| Output { fd, watch: Watch::new(token) };
        Self {
            name,
            pid,
            pidfd,
            started_at: None,
            terminal,
            stdin_once: true,
            clients: Vec::new(),
            waiters: Vec::new(),
            ended: None,
            deadline: None,
            stdout: ends.stdout.map(|fd| output(fd, Token::Stdout(number))),
            stderr: ends.stderr.map(|fd| output(fd, Token::Stderr(number))),
            stdin: ends.stdin.map(|fd| Input {
                fd,
                outbox: Outbox::default(),
                watch: Watch::new(Token::Stdin(number)),
                closing: false,
            }),
        }
    }

    /// Reads what was printed.
    pub(crate) fn read(&mut self, poller: &Poller, stream: Stream, buffer: &mut [u8]) -> Printed {
        let slot = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let Some(output) = slot else { return Printed::End };
        match rustix::io::read(&output.fd, buffer) {
            Ok(count) if count > 0 => Printed::Some(count),
            Err(Errno::AGAIN | Errno::INTR) => Printed::Nothing,
            // EIO is how a terminal says that nobody holds its other end. It may stay open here, for input: closing
            // one descriptor of two does not take it out of the set.
            Ok(_) | Err(_) => {
                let _ = output.watch.set(poller, output.fd.as_fd(), None);
                *slot = None;
                Printed::End
            }
        }
    }

    /// Whether more output may come.
    pub(crate) fn has_output(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// Waits for output, or lets it dam up.
    pub(crate) fn watch_output(&mut self, poller: &Poller, wanted: bool) -> io::Result<()> {
        let interest = wanted.then_some(Interest::IN);
        for output in [&mut self.stdout, &mut self.stderr].into_iter().flatten() {
            output.watch.set(poller, output.fd.as_fd(), interest)?;
        }
        Ok(())
    }

    /// Passes a client's bytes on. What a process does not take that has closed its standard input is dropped.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if let Some(input) = self.stdin.as_mut().filter(|input| !input.closing) {
            input.closing = input.outbox.send(&input.fd, [bytes, b""]).is_err();
        }
    }

    /// Writes on what the process did not take yet.
    pub(crate) fn flush(&mut self) {
        if let Some(input) = &mut self.stdin
            && input.outbox.flush(&input.fd).is_err()
        {
            input.outbox.clear();
            input.closing = true;
        }
    }

    /// A client has no more input. The terminal's line stays open, and so does that of who waits for further clients.
    pub(crate) fn end_input(&mut self) {
        if let Some(input) = self.stdin.as_mut().filter(|_| self.stdin_once && !self.terminal) {
            input.closing = true;
        }
    }

    /// Whether clients must hold their input back.
    pub(crate) fn is_input_full(&self) -> bool {
        self.stdin.as_ref().is_some_and(|input| !input.outbox.is_empty())
    }

    /// Waits until the process takes more input, or closes it where that is due.
    pub(crate) fn watch_input(&mut self, poller: &Poller) -> io::Result<()> {
        let full = self.is_input_full();
        let Some(input) = &mut self.stdin else { return Ok(()) };
        let result = input.watch.set(poller, input.fd.as_fd(), full.then_some(Interest::OUT));
        if input.closing && !full {
            self.stdin = None;
        }
        result
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) -> Result<(), Refusal> {
        let Some(master) = self.stdout.as_ref().filter(|_| self.terminal) else {
            return Err(Refusal::invalid("resize: the process has no terminal"));
        };
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master.fd, size).step("resize the terminal")
    }

    pub(crate) fn signal(&self, signal: i32) -> Result<(), Refusal> {
        match sys::signal::send(self.pidfd.as_fd(), signal) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => {
                Err(Refusal::no_such_process("signal: the process has ended"))
            }
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => {
                Err(Refusal::invalid(format!("signal: {signal} is no signal")))
            }
            result => result.step("signal"),
        }
    }
}
