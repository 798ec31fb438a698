//! A program in the foreground: its terminal is ours, our signals are its, and we wait for its end.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{WaitOptions, WaitStatus, wait};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};
use sys::signalfd::{SignalFd, number};

use crate::error::{Error, Step as _};

/// Not forwarded: two cannot be caught, and the others are about ourselves.
const OWN: [i32; 6] = [number::KILL, number::STOP, number::CHLD, number::WINCH, number::TTIN, number::TTOU];

/// Everything that can be forwarded, and what is about ourselves.
pub fn signals() -> Result<SignalFd, Error> {
    let all = (1..=31).filter(|signal| ![number::KILL, number::STOP].contains(signal));
    SignalFd::new(all).step("make a signalfd")
}

/// Stays with a program until it ends, and gives its exit code as a shell does.
pub fn stay(signals: &SignalFd, pid: i32, pidfd: BorrowedFd<'_>, master: Option<OwnedFd>) -> Result<u8, Error> {
    let terminal = master.map(Terminal::take).transpose()?;
    let mut input_open = true;
    loop {
        let mut watched = vec![PollFd::new(signals, PollFlags::IN)];
        if let Some(terminal) = &terminal {
            watched.push(PollFd::new(&terminal.master, PollFlags::IN));
            if input_open {
                watched.push(PollFd::from_borrowed_fd(stdin(), PollFlags::IN));
            }
        }
        match poll(&mut watched, None) {
            Err(Errno::INTR) => continue,
            result => result.step("wait for the program")?,
        };
        let ready: Vec<bool> = watched.iter().map(|fd| !fd.revents().is_empty()).collect();
        if let Some(terminal) = &terminal {
            if ready[1] {
                terminal.show();
            }
            if ready.get(2).copied().unwrap_or(false) {
                input_open = terminal.type_in();
            }
        }
        while let Some(signal) = signals.next().step("read signals")? {
            if signal == number::WINCH {
                terminal.iter().for_each(Terminal::resize);
            } else if !OWN.contains(&signal) {
                // It may just have ended; then that is what comes next.
                let _ = sys::signal::send(pidfd, signal);
            }
        }
        if let Some(code) = reap(pid) {
            terminal.iter().for_each(Terminal::drain);
            return Ok(code);
        }
    }
}

/// Buries all that has ended, orphans included; the code of `pid` where it is among them.
fn reap(pid: i32) -> Option<u8> {
    while let Ok(Some((ended, status))) = wait(WaitOptions::NOHANG) {
        if ended.as_raw_nonzero().get() == pid {
            return Some(code(status));
        }
    }
    None
}

fn code(status: WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    u8::try_from(code.unwrap_or(255)).unwrap_or(255)
}

/// Our terminal in raw mode, in front of the program's; ours is as before when this is dropped.
struct Terminal {
    master: File,
    before: Option<Termios>,
}

impl Terminal {
    fn take(master: OwnedFd) -> Result<Self, Error> {
        let before = isatty(stdin()).then(|| tcgetattr(stdin())).transpose().step("read the terminal's mode")?;
        if let Some(before) = &before {
            let mut raw = before.clone();
            raw.make_raw();
            tcsetattr(stdin(), OptionalActions::Now, &raw).step("set the terminal's mode")?;
        }
        let terminal = Self { master: master.into(), before };
        terminal.resize();
        Ok(terminal)
    }

    fn resize(&self) {
        if let Ok(size) = tcgetwinsize(stdin()) {
            let _ = tcsetwinsize(&self.master, size);
        }
    }

    /// Shows what the program has written; whether there was something.
    fn show(&self) -> bool {
        let mut buffer = [0; 16 << 10];
        match (&self.master).read(&mut buffer) {
            Ok(count @ 1..) => {
                let _ = File::from(stdout().try_clone_to_owned().expect("standard output is open"))
                    .write_all(&buffer[..count]);
                true
            }
            _ => false,
        }
    }

    /// Hands over what was typed; whether more can come.
    fn type_in(&self) -> bool {
        let mut buffer = [0; 4096];
        match rustix::io::read(stdin(), &mut buffer) {
            Ok(0) => {
                // The end of a file is typed on a terminal.
                let _ = (&self.master).write_all(&[4]);
                false
            }
            Ok(count) => (&self.master).write_all(&buffer[..count]).is_ok(),
            Err(Errno::INTR | Errno::AGAIN) => true,
            Err(_) => false,
        }
    }

    /// Shows what is left.
    fn drain(&self) {
        let ready = |fd: &File| {
            let mut watched = [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)];
            poll(&mut watched, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|count| count > 0)
        };
        while ready(&self.master) && self.show() {}
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
