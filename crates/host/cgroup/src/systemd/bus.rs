//! A connection to a manager of systemd: as much of the D-Bus specification as calls of methods and one signal need.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::wire::{Call, Kind, Message, Value};

/// How long systemd may take for one request: as long as clients of its library wait, sd_bus_set_method_call_timeout(3).
const PATIENCE: Duration = Duration::from_secs(25);

/// A message longer than this is none that is expected: the specification allows 128 MiB, what is read here is short.
const LONGEST: usize = 1 << 20;

/// The manager's name on a bus, and on its private socket, where it is not looked at.
pub(super) const MANAGER: &str = "org.freedesktop.systemd1";
/// The manager's object.
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
/// The manager's interface.
pub(super) const MANAGER_INTERFACE: &str = "org.freedesktop.systemd1.Manager";

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no talking to it.
    Broken(io::Error),
    /// It said no: the error's name, and its words.
    Error(String, String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Broken(error)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Broken(error) => write!(f, "{}", crate::error::cause(error)),
            Refusal::Error(name, text) if text.is_empty() => f.write_str(name),
            Refusal::Error(_, text) => f.write_str(text),
        }
    }
}

/// A connection, to the manager itself or over a message bus.
pub(super) struct Bus {
    stream: UnixStream,
    serial: u32,
    deadline: Instant,
    /// Jobs that have ended, with their results, in the order of their ends.
    ended: Vec<(String, String)>,
}

impl Bus {
    /// Connects to the socket that a manager keeps for its own tools; no message bus needs to run.
    pub fn private(socket: &Path) -> Result<Self, Refusal> {
        Self::open(socket)
    }

    /// Connects over a message bus, and asks the manager for its signals.
    pub fn public(socket: &Path) -> Result<Self, Refusal> {
        let mut bus = Self::open(socket)?;
        let daemon = "org.freedesktop.DBus";
        bus.call(&Call::new(daemon, "/org/freedesktop/DBus", daemon, "Hello"))?;
        let rule = format!("type='signal',interface='{MANAGER_INTERFACE}',member='JobRemoved',path='{MANAGER_PATH}'");
        bus.call(&Call::new(daemon, "/org/freedesktop/DBus", daemon, "AddMatch").with(Value::Text(rule)))?;
        bus.manager("Subscribe", Vec::new())?;
        Ok(bus)
    }

    /// Lets the kernel say who this is, as both kinds of servers take it: an empty identity, so that a user id which
    /// means another one in this user namespace is not spoken of.
    fn open(socket: &Path) -> Result<Self, Refusal> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")?;
        let mut bus = Self { stream, serial: 0, deadline: Instant::now(), ended: Vec::new() };
        for expected in ["DATA", "OK "] {
            let line = bus.line()?;
            if !line.starts_with(expected) {
                return Err(io::Error::other(format!("it does not let this user in: {line}")).into());
            }
        }
        Ok(bus)
    }

    /// A line of the handshake. Byte by byte: what follows the last one is a message.
    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") && line.len() < 512 {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Calls a method of the manager.
    pub fn manager(&mut self, method: &str, arguments: Vec<Value>) -> Result<Message, Refusal> {
        let call = Call::new(MANAGER, MANAGER_PATH, MANAGER_INTERFACE, method);
        self.call(&arguments.into_iter().fold(call, Call::with))
    }

    /// Reads a property of the manager that is a string.
    pub fn property(&mut self, name: &str) -> Result<String, Refusal> {
        let call = Call::new(MANAGER, MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get");
        let answer = self.call(&call.with(Value::text(MANAGER_INTERFACE)).with(Value::text(name)))?;
        Ok(answer.body().variant_text()?)
    }

    /// Has the manager do a job, and waits for its end; the job's result, `done` if it went well.
    pub fn job(&mut self, method: &str, arguments: Vec<Value>) -> Result<String, Refusal> {
        let answer = self.manager(method, arguments)?;
        let job = answer.body().text()?;
        loop {
            if let Some(place) = self.ended.iter().position(|(ended, _)| *ended == job) {
                return Ok(self.ended.swap_remove(place).1);
            }
            let message = self.receive()?;
            self.note(&message)?;
        }
    }

    fn call(&mut self, call: &Call) -> Result<Message, Refusal> {
        self.serial += 1;
        self.deadline = Instant::now() + PATIENCE;
        self.stream.write_all(&call.encode(self.serial))?;
        loop {
            let message = self.receive()?;
            match message.kind {
                Kind::Return if message.reply_to == self.serial => return Ok(message),
                Kind::Error if message.reply_to == self.serial => {
                    let text = message.body().text().unwrap_or_default();
                    return Err(Refusal::Error(message.error, text));
                }
                _ => self.note(&message)?,
            }
        }
    }

    /// Keeps the ends of jobs: `JobRemoved(u id, o job, s unit, s result)`, org.freedesktop.systemd1(5).
    fn note(&mut self, message: &Message) -> io::Result<()> {
        if message.kind == Kind::Signal && message.member == "JobRemoved" {
            let mut body = message.body();
            body.number()?;
            let (job, _, result) = (body.text()?, body.text()?, body.text()?);
            self.ended.push((job, result));
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Message> {
        if Instant::now() > self.deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut head = [0; 16];
        self.stream.read_exact(&mut head)?;
        let rest = Message::rest(&head)?;
        if rest > LONGEST {
            return Err(io::Error::other("a message that is too long"));
        }
        let mut bytes = head.to_vec();
        bytes.resize(16 + rest, 0);
        self.stream.read_exact(&mut bytes[16..])?;
        Message::decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;
    use crate::systemd::wire::tests::{answer, signal};

    /// A server that takes the handshake, and then answers each message with the next of `answers`.
    fn server(folder: &Path, answers: Vec<Vec<u8>>) -> std::path::PathBuf {
        let socket = folder.join("private");
        let listener = UnixListener::bind(&socket).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; 29];
            stream.read_exact(&mut hello).unwrap();
            stream.write_all(b"DATA\r\nOK 0123\r\n").unwrap();
            for answer in answers {
                let mut head = [0; 16];
                stream.read_exact(&mut head).unwrap();
                let mut rest = vec![0; Message::rest(&head).unwrap()];
                stream.read_exact(&mut rest).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        socket
    }

    fn refusal<T>(result: Result<T, Refusal>) -> String {
        result.err().map(|refusal| refusal.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_job_s_end_is_found_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let ended = |job: &str, result: &str| {
            let arguments = vec![Value::U32(1), Value::text(job), Value::text("x.scope"), Value::text(result)];
            signal("JobRemoved", arguments)
        };
        let before = [ended("/job/1", "failed"), ended("/job/2", "done"), answer(1, vec![Value::text("/job/2")])];
        let after = [answer(2, vec![Value::text("/job/3")]), signal("UnitNew", vec![]), ended("/job/3", "canceled")];
        let socket = server(folder.path(), vec![before.concat(), after.concat()]);
        let mut bus = Bus::private(&socket).unwrap();
        assert_eq!(bus.job("StopUnit", vec![Value::text("x.scope")]).unwrap(), "done");
        assert_eq!(bus.job("StopUnit", vec![Value::text("x.scope")]).unwrap(), "canceled");
    }

    #[test]
    fn nonsense_hanging_up_and_too_long_messages_are_errors() {
        let long = [&b"l\x02\0\x01\xff\xff\xff\x07\x01\0\0\0\0\0\0\0"[..], &[0; 64]].concat();
        for (bytes, expect) in [
            (vec![7; 64], "no message of D-Bus"),
            (long, "a message that is too long"),
            (Vec::new(), "failed to fill whole buffer"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let mut bus = Bus::private(&server(folder.path(), vec![bytes])).unwrap();
            assert_eq!(refusal(bus.property("Version")), expect);
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(refusal(Bus::private(&folder.path().join("none"))).starts_with("no such file"));
    }
}
