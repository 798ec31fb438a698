//! The reaper of `docker run --init`: PID 1 that runs the program as its child, passes signals on, and buries orphans.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus};
use sys::signalfd::{SignalFd, number};

/// Not passed on: what nobody can catch, faults of our own, the end of children, and what a terminal sends to a process
/// in the background, which we are.
const KEPT: [i32; 12] = [
    number::KILL,
    number::STOP,
    number::ILL,
    number::TRAP,
    number::ABRT,
    number::BUS,
    number::FPE,
    number::SEGV,
    number::SYS,
    number::CHLD,
    number::TTIN,
    number::TTOU,
];
/// Used by the C library itself.
const RESERVED: [i32; 2] = [32, 33];

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// `init [--] <program> [<argument>…]`
pub(crate) fn main(mut args: Vec<OsString>) -> ExitCode {
    if args.first().is_some_and(|first| first == "--") {
        args.remove(0);
    }
    let Some((program, args)) = args.split_first() else {
        eprintln!("usage: init [--] <program> [<argument>…]");
        return ExitCode::from(1);
    };
    match run(program, args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("init: run {}: {error}", program.display());
            ExitCode::from(if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE })
        }
    }
}

fn run(program: &OsString, args: &[OsString]) -> io::Result<u8> {
    let signals = SignalFd::new((1..=64).filter(|signal| *signal == number::CHLD || is_passed_on(*signal)))?;
    let child = sys::signal::unblock_in(Command::new(program).args(args).process_group(0)).spawn()?;
    let child = Pid::from_child(&child);
    give_terminal(child);
    let pidfd = rustix::process::pidfd_open(child, PidfdFlags::empty())?;
    loop {
        wait_for(&signals)?;
        while let Some(signal) = signals.next()? {
            if signal != number::CHLD {
                // Fails when the child has just ended, which the next signal will tell.
                let _ = sys::signal::send(pidfd.as_fd(), signal);
            } else if let Some(status) = reap(child) {
                return Ok(exit_code(status));
            }
        }
    }
}

fn is_passed_on(signal: i32) -> bool {
    !KEPT.contains(&signal) && !RESERVED.contains(&signal)
}

/// Makes the child, which has a process group of its own, the terminal's foreground, so that Ctrl-C reaches it once.
/// Had it touched the terminal already, it would have been stopped: it is let go on.
fn give_terminal(child: Pid) {
    if rustix::termios::tcsetpgrp(io::stdin(), child).is_ok() {
        let _ = rustix::process::kill_process_group(child, Signal::CONT);
    }
}

fn wait_for(signals: &SignalFd) -> io::Result<()> {
    let mut fds = [rustix::event::PollFd::new(signals, rustix::event::PollFlags::IN)];
    match rustix::event::poll(&mut fds, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Buries all the dead; returns how the child ended, where it is among them.
fn reap(child: Pid) -> Option<WaitStatus> {
    let dead = std::iter::from_fn(|| rustix::process::wait(WaitOptions::NOHANG).ok().flatten());
    dead.filter(|(pid, _)| *pid == child).last().map(|(_, status)| status)
}

fn exit_code(status: WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
