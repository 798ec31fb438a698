//! A program that runs beside the test, and what it printed.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::wait::eventually;

/// A running program. What it prints is read all the time, so it never waits for us; it is killed when dropped.
pub struct Job {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
}

/// How a program ended and what it printed.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command line, for messages.
    pub name: String,
    /// The exit code; 128 and the signal's number where a signal ended it.
    pub code: i32,
    /// All of it; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Likewise.
    pub stderr: String,
}

struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Job {
    /// Starts the program with pipes for its input and output.
    pub fn spawn(mut command: Command) -> Self {
        let name = format!("{command:?}");
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("run {name}: {error}"));
        let stdin = child.stdin.take();
        let stdout = Stream::read(child.stdout.take().expect("it is a pipe"));
        let stderr = Stream::read(child.stderr.take().expect("it is a pipe"));
        Self { name, child, stdin, stdout, stderr }
    }

    /// Writes to its standard input.
    pub fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        stdin
            .write_all(bytes)
            .and_then(|()| stdin.flush())
            .unwrap_or_else(|error| panic!("write to {}: {error}", self.name));
    }

    /// Writes to its standard input as much as it takes.
    pub fn write_if_open(&mut self, bytes: &[u8]) {
        let _ = self.stdin.as_mut().expect("the input is open").write_all(bytes);
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits until it has printed this.
    ///
    /// # Panics
    /// Where it never does.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("{text:?} in what {} prints", self.name.clone()), |printed| printed.contains(text));
    }

    /// Waits until what it has printed is as asked for.
    ///
    /// # Panics
    /// Where that never comes.
    pub fn wait_until(&mut self, what: &str, is: impl Fn(&str) -> bool) {
        let found = eventually(what, || {
            let ended = self.child.try_wait().expect("it is our child").is_some();
            match is(&self.stdout.text()) {
                true => Some(true),
                false if ended && self.stdout.is_over() => Some(is(&self.stdout.text())),
                false => None,
            }
        });
        assert!(
            found,
            "{} ended without {what}\nstdout: {}\nstderr: {}",
            self.name,
            self.stdout.text(),
            self.stderr.text()
        );
    }

    /// Closes its input and waits for its end.
    pub fn finish(mut self) -> Output {
        drop(self.stdin.take());
        let what = format!("the end of {}", self.name);
        let status = eventually(&what, || self.child.try_wait().expect("it is our child"));
        Output { name: self.name.clone(), code: code(status), stdout: self.stdout.all(), stderr: self.stderr.all() }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    /// What it printed, without white space at the end.
    ///
    /// # Panics
    /// Where it failed.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, 0, "{} failed\nstdout: {}\nstderr: {}", self.name, self.stdout, self.stderr);
        self.stdout.trim_end().to_owned()
    }

    /// What it printed to its standard error.
    ///
    /// # Panics
    /// Where it did not end with this code.
    #[track_caller]
    pub fn failure(self, code: i32) -> String {
        assert_eq!(self.code, code, "the code of {}\nstdout: {}\nstderr: {}", self.name, self.stdout, self.stderr);
        self.stderr.trim_end().to_owned()
    }
}

impl Stream {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 1 << 14];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                shared.lock().expect("no reader panics").extend_from_slice(&buffer[..count]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no reader panics")).into_owned()
    }

    fn is_over(&self) -> bool {
        self.reader.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// All of it: until nobody holds the other end any more.
    fn all(&mut self) -> String {
        eventually("the end of the output", || self.is_over().then_some(()));
        self.text()
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Job {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Job::spawn(command)
    }

    #[test]
    fn output_and_code_are_kept() {
        let output = shell("echo out; echo err >&2; exit 3").finish();
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (3, "out\n", "err\n"));
        assert_eq!(shell("kill -9 $$").finish().code, 137);
    }

    #[test]
    fn a_conversation_goes_both_ways() {
        let mut job = shell("read a; echo \"got $a\"; read b; echo \"got $b\"");
        job.write(b"one\n");
        job.wait_for("got one");
        job.write(b"two\n");
        assert_eq!(job.finish().success(), "got one\ngot two");
    }

    #[test]
    #[should_panic(expected = "ended without")]
    fn what_never_comes_is_said() {
        shell("echo one").wait_for("two");
    }
}
