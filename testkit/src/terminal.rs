//! A pseudo-terminal with a program on it, driven as a person drives one.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::wait::eventually;

/// The program and our end of its terminal. It is killed when dropped.
pub struct Terminal {
    child: Child,
    ours: File,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts the program as the leader of a session on a terminal of this size.
    pub fn spawn(command: &Command, columns: u16, rows: u16) -> Self {
        let (ours, theirs) = open_pair();
        tcsetwinsize(&ours, size(columns, rows)).expect("set the size of the terminal");
        let input = || Stdio::from(theirs.try_clone().expect("copy the terminal's descriptor"));
        // setsid(1) makes the terminal the controlling one, which the kernel needs to send SIGWINCH.
        let mut wrapped = Command::new("setsid");
        wrapped.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            wrapped.env(name, value.unwrap_or_default());
        }
        let spawned = wrapped.env("TERM", "xterm").stdin(input()).stdout(input()).stderr(input()).spawn();
        let child = spawned.unwrap_or_else(|error| panic!("run {wrapped:?}: {error}"));
        let seen = Arc::default();
        read_into(&ours, &seen);
        Self { child, ours, seen }
    }

    /// Types.
    pub fn write(&mut self, text: &str) {
        self.ours.write_all(text.as_bytes()).expect("write to the terminal");
    }

    /// Makes the window another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        tcsetwinsize(&self.ours, size(columns, rows)).expect("resize the terminal");
    }

    /// What has been shown so far.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().expect("no reader panics")).into_owned()
    }

    /// Waits until this is shown.
    pub fn wait_for(&self, text: &str) {
        eventually(&format!("{text:?} on the terminal"), || {
            let seen = self.seen();
            seen.contains(text).then_some(())
        });
    }

    /// Types a line again and again until this is shown: for what takes effect some time after it was asked for.
    pub fn write_until(&mut self, line: &str, text: &str) {
        let mut typed = 0;
        eventually(&format!("{text:?} on the terminal, which shows {:?}", self.seen()), || {
            if typed % 20 == 0 {
                self.write(line);
            }
            typed += 1;
            self.seen().contains(text).then_some(())
        });
    }

    /// Waits for the program's end; gives its code and all that was shown.
    pub fn finish(mut self) -> (i32, String) {
        let status: ExitStatus =
            eventually("the end of the program on the terminal", || self.child.try_wait().expect("it is our child"));
        (status.code().unwrap_or(-1), self.seen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open_pair() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("open a pseudo-terminal");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("unlock the pseudo-terminal");
    let name = ptsname(&ours, Vec::new()).expect("name the pseudo-terminal");
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).expect("open the terminal's other end");
    (File::from(ours), theirs)
}

/// Ends when the last holder of the other end is gone, which reading then reports as EIO.
fn read_into(ours: &File, seen: &Arc<Mutex<Vec<u8>>>) {
    let mut ours = ours.try_clone().expect("copy the terminal's descriptor");
    let seen = Arc::clone(seen);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = ours.read(&mut buffer) {
            seen.lock().expect("no reader panics").extend_from_slice(&buffer[..count]);
        }
    });
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_sees_its_terminal_and_its_size() {
        let mut terminal = Terminal::spawn(&Command::new("sh"), 100, 30);
        terminal.write("stty size\n");
        terminal.wait_for("30 100");
        terminal.resize(81, 21);
        terminal.write_until("stty size\n", "21 81");
        terminal.write("exit 4\n");
        assert_eq!(terminal.finish().0, 4);
    }
}
