//! What the shim waits for: epoll(7) with named sources.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

/// What an event is about. Numbers are never given twice, so that a late event finds nobody rather than a successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A signal has come.
    Signals,
    /// Somebody connects.
    Listener,
    /// The connection of that number.
    Connection(u32),
    /// Standard output, or the terminal, of the process of that number.
    Stdout(u32),
    /// Standard error of the process.
    Stderr(u32),
    /// Standard input of the process.
    Stdin(u32),
}

impl Token {
    fn encode(self) -> u64 {
        let (kind, number) = match self {
            Self::Signals => (0, 0),
            Self::Listener => (1, 0),
            Self::Connection(number) => (2, number),
            Self::Stdout(number) => (3, number),
            Self::Stderr(number) => (4, number),
            Self::Stdin(number) => (5, number),
        };
        kind << 32 | u64::from(number)
    }

    fn decode(data: u64) -> Self {
        let number = data as u32;
        match data >> 32 {
            0 => Self::Signals,
            1 => Self::Listener,
            2 => Self::Connection(number),
            3 => Self::Stdout(number),
            4 => Self::Stderr(number),
            _ => Self::Stdin(number),
        }
    }
}

/// What can be waited for; hang-ups and errors always are.
pub(crate) type Interest = EventFlags;

/// The set of watched descriptors.
#[derive(Debug)]
pub(crate) struct Poller(OwnedFd);

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(CreateFlags::CLOEXEC)?))
    }

    /// Waits for events, at most for `timeout`.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<Vec<(Token, Interest)>> {
        let mut space = [MaybeUninit::uninit(); 16];
        let timeout =
            timeout.map(|timeout| timeout.try_into().unwrap_or(rustix::event::Timespec { tv_sec: 3600, tv_nsec: 0 }));
        match epoll::wait(&self.0, &mut space, timeout.as_ref()) {
            Ok((events, _)) => Ok(events.iter().map(|event| (Token::decode(event.data.u64()), event.flags)).collect()),
            Err(Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

/// One descriptor's place in the set. Its owner keeps both together; closing the descriptor takes it out.
#[derive(Debug)]
pub(crate) struct Watch {
    token: Token,
    current: Option<Interest>,
}

impl Watch {
    pub(crate) fn new(token: Token) -> Self {
        Self { token, current: None }
    }

    /// Changes what is waited for; `None` is not even a hang-up.
    pub(crate) fn set(&mut self, poller: &Poller, fd: impl AsFd, wanted: Option<Interest>) -> io::Result<()> {
        if self.current == wanted {
            return Ok(());
        }
        let data = EventData::new_u64(self.token.encode());
        match (self.current, wanted) {
            (_, None) => epoll::delete(&poller.0, fd)?,
            (None, Some(flags)) => epoll::add(&poller.0, fd, data, flags)?,
            (Some(_), Some(flags)) => epoll::modify(&poller.0, fd, data, flags)?,
        }
        self.current = wanted;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        let tokens = [
            Token::Signals,
            Token::Listener,
            Token::Connection(7),
            Token::Stdout(0),
            Token::Stderr(u32::MAX),
            Token::Stdin(3),
        ];
        for token in tokens {
            assert_eq!(Token::decode(token.encode()), token);
        }
    }

    #[test]
    fn a_watch_can_be_changed_and_taken_back() {
        let poller = Poller::new().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let mut watch = Watch::new(Token::Stdout(1));
        watch.set(&poller, &reader, Some(Interest::IN)).unwrap();
        rustix::io::write(&writer, b"x").unwrap();
        assert_eq!(poller.wait(None).unwrap(), [(Token::Stdout(1), Interest::IN)]);
        watch.set(&poller, &reader, None).unwrap();
        drop(writer);
        assert_eq!(poller.wait(Some(Duration::ZERO)).unwrap(), []);
        watch.set(&poller, &reader, Some(Interest::empty())).unwrap();
        assert_eq!(poller.wait(None).unwrap(), [(Token::Stdout(1), Interest::HUP)]);
    }
}
