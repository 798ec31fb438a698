//! The two ends of a process's standard streams.

use std::io;
use std::os::fd::OwnedFd;

use runtime::Io;
use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use shim_proto::Streams;

/// Our ends.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: Option<OwnedFd>,
    pub(crate) stderr: Option<OwnedFd>,
}

impl Ends {
    /// Pipes for the wanted streams; nothing is read from, and nothing becomes of what is written to, the others.
    pub(crate) fn pipes(wanted: Streams) -> io::Result<(Self, Io)> {
        let (theirs_in, stdin) = pipe_if(wanted.stdin)?;
        let (stdout, theirs_out) = pipe_if(wanted.stdout)?;
        let (stderr, theirs_err) = pipe_if(wanted.stderr)?;
        let or_null = |end: Option<OwnedFd>| end.map_or_else(null, Ok);
        let io = Io::Pipes { stdin: or_null(theirs_in)?, stdout: or_null(theirs_out)?, stderr: or_null(theirs_err)? };
        let ends = Self { stdin, stdout, stderr };
        ends.stop_waiting()?;
        Ok((ends, io))
    }

    /// A terminal's other end, with `stdin` for writing too.
    pub(crate) fn terminal(master: OwnedFd, stdin: bool) -> io::Result<Self> {
        let stdin = if stdin { Some(master.try_clone()?) } else { None };
        let ends = Self { stdin, stdout: Some(master), stderr: None };
        ends.stop_waiting()?;
        Ok(ends)
    }

    fn stop_waiting(&self) -> io::Result<()> {
        for fd in [&self.stdin, &self.stdout, &self.stderr].into_iter().flatten() {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(())
    }
}

/// The reading and the writing end.
fn pipe_if(wanted: bool) -> io::Result<(Option<OwnedFd>, Option<OwnedFd>)> {
    if !wanted {
        return Ok((None, None));
    }
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    Ok((Some(reader), Some(writer)))
}

fn null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}
