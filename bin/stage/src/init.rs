//! The reaper of `docker run --init`: PID 1 that runs the program as its child, passes signals on, and buries orphans.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus};
use sys::signalfd::{SignalFd, number};
use sys::spawn::{self, Fork};

/// Left as they are: what nobody can catch, faults of our own, and what the C library uses itself.
const FAULTS: [i32; 11] = [
    number::KILL,
    number::STOP,
    number::ILL,
    number::TRAP,
    number::ABRT,
    number::BUS,
    number::FPE,
    number::SEGV,
    number::SYS,
    32,
    33,
];
/// Taken but not passed on: what a terminal sends to a process in the background, which we are.
const OURS: [i32; 2] = [number::TTIN, number::TTOU];

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// `init [--] <program> [<argument>…]`
pub(crate) fn main(mut args: Vec<OsString>) -> u8 {
    if args.first().is_some_and(|first| first == "--") {
        args.remove(0);
    }
    let Some((program, args)) = args.split_first() else {
        eprintln!("usage: init [--] <program> [<argument>…]");
        return 1;
    };
    match run(program, args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("init: {error}");
            1
        }
    }
}

fn run(program: &OsString, args: &[OsString]) -> io::Result<u8> {
    let signals = SignalFd::new((1..=64).filter(|signal| !FAULTS.contains(signal)))?;
    match spawn::fork()? {
        Fork::Child => Ok(become_program(program, args)),
        Fork::Parent(child) => look_after(child, &signals),
    }
}

/// The child's way. Returns only the exit code that says why there is no program.
fn become_program(program: &OsString, args: &[OsString]) -> u8 {
    take_terminal();
    spawn::reset_signals();
    let error = Command::new(program).args(args).exec();
    eprintln!("init: run {}: {error}", program.display());
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
}

/// Makes the program a process group of its own and the terminal's foreground, so that Ctrl-C reaches it once. A process
/// in the background may do that while it blocks SIGTTOU, as this one still does (tcsetpgrp(3)).
fn take_terminal() {
    let _ = rustix::process::setpgid(None, None);
    let _ = rustix::termios::tcsetpgrp(io::stdin(), rustix::process::getpid());
}

fn look_after(child: i32, signals: &SignalFd) -> io::Result<u8> {
    let child = Pid::from_raw(child).ok_or(io::ErrorKind::InvalidData)?;
    let pidfd = rustix::process::pidfd_open(child, PidfdFlags::empty()).ok();
    loop {
        wait_for(signals)?;
        while let Some(signal) = signals.next()? {
            if signal == number::CHLD {
                if let Some(status) = reap(child) {
                    return Ok(exit_code(status));
                }
            } else if !OURS.contains(&signal) {
                // Fails when the child has just ended, which the next signal will tell.
                let _ = pass_on(signal, child, pidfd.as_ref());
            }
        }
    }
}

/// By the pidfd, which can carry every signal; or else, where a system call filter refuses that, the common ones by the
/// id, which stays the child's until it is buried.
fn pass_on(signal: i32, child: Pid, pidfd: Option<&OwnedFd>) -> io::Result<()> {
    match (pidfd, Signal::from_named_raw(signal)) {
        (Some(pidfd), named) => {
            let sent = sys::signal::send(pidfd.as_fd(), signal);
            named.filter(|_| sent.is_err()).map_or(sent, |named| Ok(rustix::process::kill_process(child, named)?))
        }
        (None, Some(named)) => Ok(rustix::process::kill_process(child, named)?),
        (None, None) => Err(io::ErrorKind::Unsupported.into()),
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
