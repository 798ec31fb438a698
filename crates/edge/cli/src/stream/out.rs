//! Writing to standard output and error.

use crate::exit::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use std::io::{self, Write};

/// The exit code of a program that a closed pipe ended, as shells report it.
const PIPE_CLOSED: i32 = 141;
/// What a pipe that polls as writable takes without blocking (pipe(7), PIPE_BUF).
const ATOMIC: usize = 4096;

/// Prints text on stdout. A reader that went away ends the program quietly, as SIGPIPE would.
pub fn print(text: &str) -> Result<(), Exit> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| failed(&error))
}

/// Prints a line on stdout.
pub fn line(text: &str) -> Result<(), Exit> {
    print(&format!("{text}\n"))
}

fn failed(error: &io::Error) -> Exit {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Exit::code(PIPE_CLOSED),
        _ => Exit::failure(format!("write /dev/stdout: {}", crate::exit::go_errno(error))),
    }
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    fn fd(self) -> BorrowedFd<'static> {
        match self {
            Stream::Out => rustix::stdio::stdout(),
            Stream::Err => rustix::stdio::stderr(),
        }
    }

    /// Writes all of `data` without ever blocking the runtime: a full pipe or terminal is waited for on another
    /// thread, so that signals and input are still served.
    pub async fn write(self, mut data: &[u8]) -> Result<(), Exit> {
        while !data.is_empty() {
            if !is_writable(self.fd(), 0) {
                let _ = tokio::task::spawn_blocking(move || is_writable(self.fd(), 1)).await;
                continue;
            }
            let part = &data[..data.len().min(ATOMIC)];
            match rustix::io::write(self.fd(), part) {
                Ok(written) => data = &data[written..],
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(error) => return Err(failed(&error.into())),
            }
        }
        Ok(())
    }
}

/// Whether a write would not block, waiting up to `seconds`. Errors count as writable, so that the write reports them.
fn is_writable(fd: BorrowedFd, seconds: i64) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
    let timeout = Timespec { tv_sec: seconds, tv_nsec: 0 };
    !matches!(poll(&mut fds, Some(&timeout)), Ok(0) | Err(rustix::io::Errno::INTR))
}
